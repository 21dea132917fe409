/** Where a queued task stands and what it waits for: the numbers of the status comment's "Queued". */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';
import { RUNNING_STATES } from './running-tasks.ts';

/** Position from 1, in its installation's queue; how many run in its repository, in its installation and in all. */
export interface QueuePosition {
  readonly position: number;
  readonly length: number;
  readonly running: { readonly repository: number; readonly installation: number; readonly all: number };
}

/** Null where the task is not queued. */
export async function queuePosition(db: Db, taskId: string): Promise<QueuePosition | null> {
  const task = await db
    .selectFrom('task')
    .select(['installation_id', 'repository_id', 'created_at'])
    .where('id', '=', taskId)
    .where('state', '=', 'queued')
    .executeTakeFirst();
  if (!task) return null;
  const running = sql`state in (${sql.join([...RUNNING_STATES])})`;
  const counts = await db
    .selectFrom('task')
    .select([
      sql<number>`(count(*) filter (where state = 'queued' and (created_at, id) <= (select t.created_at, t.id from task t where t.id = ${taskId})))::int`.as(
        'position',
      ),
      sql<number>`(count(*) filter (where state = 'queued'))::int`.as('length'),
      sql<number>`(count(*) filter (where ${running} and repository_id = ${task.repository_id}))::int`.as(
        'repository',
      ),
      sql<number>`(count(*) filter (where ${running}))::int`.as('installation'),
      sql<number>`(select count(*) from task where ${running})::int`.as('all'),
    ])
    .where('installation_id', '=', task.installation_id)
    .where('state', '<>', 'ended')
    .executeTakeFirstOrThrow();
  const { position, length, ...taken } = counts;
  return { position, length, running: taken };
}
