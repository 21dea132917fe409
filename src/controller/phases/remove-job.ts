/** Stops and removes the sandbox of a closed job. */
import { removeJob } from '../../job/cleanup.ts';
import type { Action } from '../action.ts';
import type { ControllerDeps, Progress, Step } from '../controller-deps.ts';

/** A job that is gone is noted as removed. */
export async function removeOneJob(
  deps: ControllerDeps,
  step: Step,
  action: Extract<Action, { do: 'remove-job' }>,
): Promise<Progress> {
  const checkLease = () => step.lease.check();
  await removeJob({ db: deps.db, sandbox: deps.sandbox, checkLease }, action.job);
  return 'go-on';
}
