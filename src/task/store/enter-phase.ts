/** Moves a job's phase forward, with its audit event. The only statement that writes `job.phase`. */
import { sql } from 'kysely';
import { appendAudit } from '../../audit/append.ts';
import { PHASES, type Phase } from '../../result/contract/phase-spec.ts';
import type { Db } from '../open-database.ts';
import { wakeTask } from './wake-task.ts';

const RANKS: ReadonlyMap<string, number> = new Map(PHASES.map((phase, index) => [phase, index]));

/** A phase's place in the order; -1 for a job that has had no accepted request yet. Error: an unknown phase is a defect. */
export function phaseRank(phase: string | null): number {
  if (phase === null) return -1;
  const rank = RANKS.get(phase);
  if (rank === undefined)
    throw new Error(`Unknown phase '${phase}' in the record: expected ${PHASES.join(', ')}.`);
  return rank;
}

/** Writes the later phase; the caller holds the locks of the task's and the job's row (`readPhase`). */
export async function enterPhase(
  trx: Db,
  job: { readonly name: string; readonly taskId: string },
  phase: Phase,
): Promise<void> {
  await trx
    .updateTable('job')
    .set({ phase, phase_since: sql<Date>`now()` })
    .where('name', '=', job.name)
    .execute();
  await appendAudit(trx, job.taskId, { type: 'job.phase', data: { job: job.name, phase } });
  await wakeTask(trx, job.taskId);
}
