/** How full the namespace of a task is, where that is what the task waits for: the numbers of the status comment. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** `inLine`: the task itself stands in line for a place, past the queue. `taken`: sandboxes that are there. */
export interface PlaceStanding {
  readonly namespace: string | null;
  readonly taken: number;
  readonly inLine: boolean;
}

/** Null for an unknown task. */
export async function placeStanding(db: Db, taskId: string): Promise<PlaceStanding | null> {
  const row = await db
    .selectFrom('task')
    .select(['namespace', 'wait_rank'])
    .select(
      sql<number>`(select count(*)::int from job
        where job.removed_at is null and job.namespace is not distinct from task.namespace)`.as('taken'),
    )
    .where('id', '=', taskId)
    .executeTakeFirst();
  return row ? { namespace: row.namespace, taken: row.taken, inLine: row.wait_rank !== null } : null;
}
