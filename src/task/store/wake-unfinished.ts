/** Makes every task due that is open, or that ended and still has a sandbox or a git token to its name. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** How many were made due; those under a lease find it at its release. */
export async function wakeUnfinished(db: Db): Promise<number> {
  const leftovers = db
    .selectFrom('job')
    .select('task_id')
    .where((eb) => eb.or([eb('removed_at', 'is', null), eb('git_token', 'is not', null)]));
  const rows = await db
    .updateTable('task')
    .set({ wake_at: sql<Date>`least(wake_at, now())` })
    .where((eb) => eb.or([eb('state', '<>', 'ended'), eb('id', 'in', leftovers)]))
    .where((eb) => eb.or([eb('wake_at', 'is', null), eb('wake_at', '>', sql<Date>`now()`)]))
    .returning('id')
    .execute();
  return rows.length;
}
