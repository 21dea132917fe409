/** Closes every open job of one round, or those of one kind: at the seal, at an abort, when a round is lost or done. */
import type { Db } from '../open-database.ts';
import { type CloseReason, closeJob } from './close-job.ts';

/** Which jobs: all of the round, or one kind of them. */
export interface RoundJobs {
  readonly taskId: string;
  readonly attempt: number;
  readonly round: number;
  readonly kind?: 'work' | 'verify';
}

/** Closes them in the order of their names, each with its audit event. `trx` must be a transaction. */
export async function closeRoundJobs(trx: Db, which: RoundJobs, reason: CloseReason): Promise<void> {
  let query = trx
    .selectFrom('job')
    .select('name')
    .where('task_id', '=', which.taskId)
    .where('attempt', '=', which.attempt)
    .where('round', '=', which.round)
    .where('closed_at', 'is', null);
  if (which.kind) query = query.where('kind', '=', which.kind);
  for (const job of await query.orderBy('name').execute()) await closeJob(trx, job.name, reason);
}
