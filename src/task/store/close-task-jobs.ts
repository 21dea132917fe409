/** Closes every job of a task that is still open, whichever round it belongs to: at the task's end. */
import type { Db } from '../open-database.ts';
import { type CloseReason, closeJob } from './close-job.ts';

/** Read in the transaction itself: a job may be newer than the record that the caller decided on. */
export async function closeTaskJobs(trx: Db, taskId: string, reason: CloseReason): Promise<void> {
  const open = await trx
    .selectFrom('job')
    .select('name')
    .where('task_id', '=', taskId)
    .where('closed_at', 'is', null)
    .orderBy('name')
    .execute();
  for (const job of open) await closeJob(trx, job.name, reason);
}
