/**
 * Makes every task due that was forgotten: it is open, or ended and has a sandbox or a git token to its name, and no look at
 * it is planned within the longest time that one ever is.
 */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** Longer than any wait that the controller plans, in milliseconds. */
const FORGOTTEN_AFTER_MS = 900_000;

/** How many were made due, each at a moment of its own within `withinMs`; those under a lease are due by its end anyway. */
export async function wakeUnfinished(db: Db, withinMs: number): Promise<number> {
  const leftovers = db
    .selectFrom('job')
    .select('task_id')
    .where((eb) => eb.or([eb('removed_at', 'is', null), eb('git_token', 'is not', null)]));
  const forgotten = db
    .selectFrom('task')
    .select('id')
    .where((eb) => eb.or([eb('state', '<>', 'ended'), eb('id', 'in', leftovers)]))
    .where((eb) =>
      eb.or([
        eb('wake_at', 'is', null),
        eb('wake_at', '>', sql<Date>`now() + ${FORGOTTEN_AFTER_MS}::int * interval '1 millisecond'`),
      ]),
    )
    .forUpdate()
    .skipLocked();
  const rows = await db
    .updateTable('task')
    .set({ wake_at: sql<Date>`now() + random() * ${withinMs}::int * interval '1 millisecond'` })
    .where('id', 'in', forgotten)
    .returning('id')
    .execute();
  return rows.length;
}
