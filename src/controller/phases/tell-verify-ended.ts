/** Verify's own limits ended it: deliver hears it with its next heartbeat, brings what there is, and ends. */
import { tellDeliver } from '../../task/store/mark-job.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** Sets the flag; a second time changes nothing. */
export async function tellVerifyEnded(
  deps: StepDeps,
  step: Step,
  action: Extract<Action, { do: 'tell-verify-ended' }>,
): Promise<Progress> {
  const job = step.record.jobs.find((candidate) => candidate.name === action.job);
  if (!job || job.verifyEnded) return 'go-on';
  await tellDeliver(deps.db, job.name, 'verify_ended');
  return 'go-on';
}
