/** Removes the sandbox of a closed job of which nothing runs any more. */
import { removeJob } from '../../job/cleanup.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** A job that is gone is noted as removed, which frees its place. */
export async function removeOneJob(
  deps: StepDeps,
  step: Step,
  action: Extract<Action, { do: 'remove-job' }>,
): Promise<Progress> {
  const checkLease = () => step.lease.check();
  await removeJob({ db: deps.db, sandbox: deps.sandbox, checkLease }, action.job);
  deps.roomFreed();
  return 'go-on';
}
