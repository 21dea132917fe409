/**
 * Makes a task due now. The column is the truth; the notification only shortens the wait of a bot on PostgreSQL
 * (ADR 0001). Part of the transaction whose change is to be seen.
 */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** Channel of the notifications; the payload is the task's id. */
export const WAKE_CHANNEL = 'glovebox_task';

/** Due at once, also while a lease is held: its release keeps the wake-up. */
export async function wakeTask(db: Db, taskId: string): Promise<void> {
  await sql`
    with woken as (update task set wake_at = least(wake_at, now()) where id = ${taskId} returning id)
    select pg_notify(${WAKE_CHANNEL}, id) from woken
  `.execute(db);
}

/** The same for the task of a job, by the job's name; an unknown name wakes nobody. */
export async function wakeJobTask(db: Db, jobName: string): Promise<void> {
  await db
    .updateTable('task')
    .set({ wake_at: sql<Date>`least(wake_at, now())` })
    .where('id', 'in', db.selectFrom('job').select('task_id').where('name', '=', jobName))
    .execute();
}
