/** Closes one job in the record, which ends its tokens and cuts its calls; its sandbox follows later. */
import { closeJob } from '../../task/store/close-job.ts';
import { lockSeen } from '../../task/store/lock-seen.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** A job that is closed stays closed for its first reason. */
export async function closeOneJob(
  deps: StepDeps,
  step: Step,
  action: Extract<Action, { do: 'close-job' }>,
): Promise<Progress> {
  await deps.db.transaction().execute(async (trx) => {
    await lockSeen(trx, step.record.task);
    await closeJob(trx, action.job, action.reason);
  });
  return 'go-on';
}
