/**
 * Asks the adapter to end the sandbox of a closed job. On a cluster that takes seconds, which no pass waits for: the end
 * is observed, then the job is removed.
 */
import { stopJob } from '../../job/cleanup.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** Asks; a second time changes nothing. */
export async function stopOneJob(
  deps: StepDeps,
  step: Step,
  action: Extract<Action, { do: 'stop-job' }>,
): Promise<Progress> {
  const checkLease = () => step.lease.check();
  await stopJob({ db: deps.db, sandbox: deps.sandbox, checkLease }, action.job);
  return 'go-on';
}
