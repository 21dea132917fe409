/**
 * Room became free: whoever can use it looks again at once. First those who stand in line for a sandbox, then queued tasks
 * that may start; all others sleep on, however many they are.
 */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';
import { type Room, startableTasks } from './startable-tasks.ts';
import { WAKE_CHANNEL } from './wake-task.ts';

/** Of each line so many are woken for one place: the first, and a few in case that it is held up. */
const WOKEN_IN_LINE = 3;

/** How many were made due. */
export async function wakeStartable(db: Db, room: Room): Promise<number> {
  const queued = [...(await startableTasks(db, room))];
  const { rows } = await sql<{ id: string }>`
    with line as (
      select id from (
        select id, row_number() over (partition by namespace order by wait_rank, wait_since, id) as nth
        from task where wait_rank is not null
      ) as waiting where nth <= ${WOKEN_IN_LINE}
    ), chosen as (
      select id from task
      where (id in (select id from line) or id = any (${queued}::text[]))
        and (wake_at is null or wake_at > now())
      for update skip locked
    )
    update task set wake_at = now() from chosen where task.id = chosen.id returning task.id
  `.execute(db);
  for (const { id } of rows) await sql`select pg_notify(${WAKE_CHANNEL}, ${id})`.execute(db);
  return rows.length;
}
