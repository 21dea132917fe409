/**
 * Closes a job in the record: none of its tokens opens anything from then on, and its calls in flight are cut. Comes
 * before anything is done to the sandbox, since a sandbox may outlive our wish to end it. Whoever is not the controller wakes
 * the task.
 */
import { sql } from 'kysely';
import { appendAudit } from '../../audit/append.ts';
import type { Db } from '../open-database.ts';
import { lockTask } from './lock-task.ts';

/** Why a job was closed; goes into the audit. `limit`: its own limits ended it. `ended`: nothing more is wanted of it. */
export type CloseReason = 'sealed' | 'delivered' | 'aborted' | 'lost' | 'limit' | 'ended';

/** Closes `name`; true when this call did it, false when it was closed or is unknown. `trx` must be a transaction. */
export async function closeJob(trx: Db, name: string, reason: CloseReason): Promise<boolean> {
  const job = await trx.selectFrom('job').select('task_id').where('name', '=', name).executeTakeFirst();
  if (!job) return false;
  await lockTask(trx, job.task_id);
  const closed = await trx
    .updateTable('job')
    .set({ closed_at: sql<Date>`now()`, closed_reason: reason })
    .where('name', '=', name)
    .where('closed_at', 'is', null)
    .returning('name')
    .executeTakeFirst();
  if (!closed) return false;
  await appendAudit(trx, job.task_id, { type: 'job.closed', data: { job: name, reason } });
  return true;
}
