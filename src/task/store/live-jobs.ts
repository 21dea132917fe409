/** Jobs that may still have something outside the record: launched (or about to be) and not removed. */
import type { Db } from '../open-database.ts';

/** A job by name, with whether it was launched and is over. */
export interface LiveJob {
  readonly name: string;
  readonly taskId: string;
  readonly launched: boolean;
  readonly ended: boolean;
  readonly closed: boolean;
}

/** Of one task, or of all. */
export async function liveJobs(db: Db, taskId?: string): Promise<readonly LiveJob[]> {
  let query = db
    .selectFrom('job')
    .select(['name', 'task_id', 'launched_at', 'ended_at', 'closed_at'])
    .where('removed_at', 'is', null);
  if (taskId !== undefined) query = query.where('task_id', '=', taskId);
  const rows = await query.orderBy('created_at').execute();
  return rows.map((row) => ({
    name: row.name,
    taskId: row.task_id,
    launched: row.launched_at !== null,
    ended: row.ended_at !== null,
    closed: row.closed_at !== null,
  }));
}
