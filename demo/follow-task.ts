/** Follows one task in the record until it has ended and its status comment is written. */
import { systemClock } from '../src/shared/clock.ts';
import type { Db } from '../src/task/open-database.ts';
import { type Look, readStages } from './read-stages.ts';
import { steadily } from './steadily.ts';

const LOOK_EVERY_MS = 100;

/** Calls `show` with every look. Error: the signal's reason when it is aborted. */
export async function followTask(
  db: Db,
  issueNumber: number,
  options: { readonly show: (look: Look) => void; readonly signal: AbortSignal },
): Promise<Look> {
  for (;;) {
    options.signal.throwIfAborted();
    const seen = await steadily(() => lookAt(db, issueNumber));
    if (seen) options.show(seen.look);
    if (seen?.over) return seen.look;
    await systemClock.sleep(LOOK_EVERY_MS, options.signal);
  }
}

async function lookAt(db: Db, issueNumber: number): Promise<{ look: Look; over: boolean } | null> {
  const row = await db
    .selectFrom('task')
    .select(['id', 'state', 'surface_due_at'])
    .where('issue_number', '=', issueNumber)
    .orderBy('created_at', 'desc')
    .executeTakeFirst();
  if (!row) return null;
  const look = await readStages(db, row.id, systemClock.now());
  return { look, over: row.state === 'ended' && row.surface_due_at === null };
}
