/** verifying -> judging: seal, last upload and verify's end are in the record; only the controller calls a bundle complete. */
import { closeRoundJobs } from '../../task/store/close-round-jobs.ts';
import { transition } from '../../task/store/transition.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** Closes what is still open of the round: nothing more of it counts. */
export async function enterJudging(deps: StepDeps, step: Step): Promise<Progress> {
  const { task } = step.record;
  await deps.db.transaction().execute(async (trx) => {
    await transition(trx, task, { to: 'judging', by: 'controller' });
    await closeRoundJobs(trx, { taskId: task.id, attempt: task.attempt, round: task.round }, 'ended');
  });
  return 'go-on';
}
