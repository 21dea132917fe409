/** What a judged round's checks printed, for the round that is to mend it; empty where the round was not judged. */
import type { Db } from '../task/open-database.ts';
import { loadRound } from '../task/store/load-rounds.ts';
import type { UntrustedBlock } from './contract/phase-spec.ts';
import { failingOutput } from './next-round.ts';
import { Verdict } from './verdict.ts';

/** Hostile text, bounded by `failingOutput`. */
export async function readFailingOutput(
  db: Db,
  key: { readonly taskId: string; readonly attempt: number; readonly round: number },
): Promise<readonly UntrustedBlock[]> {
  const round = await loadRound(db, key);
  const row = await db
    .selectFrom('round')
    .select('verdict')
    .where('task_id', '=', key.taskId)
    .where('attempt', '=', key.attempt)
    .where('number', '=', key.round)
    .executeTakeFirst();
  const verdict = Verdict.safeParse(row?.verdict);
  return round && verdict.success ? failingOutput(verdict.data, round.newCells ?? []) : [];
}
