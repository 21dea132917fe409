/** working -> judging: sealed empty, or as judged before. Deliver is told that nothing comes; the earlier verdict stands. */
import { tellDeliver } from '../../task/store/mark-job.ts';
import { transition } from '../../task/store/transition.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';
import { roundJobs } from '../current-round.ts';

/** Tells and moves in one transaction. */
export async function skipVerify(deps: StepDeps, step: Step): Promise<Progress> {
  const { task } = step.record;
  await deps.db.transaction().execute(async (trx) => {
    await transition(trx, task, { to: 'judging', by: 'controller' });
    for (const job of roundJobs(step.record, 'verify')) await tellDeliver(trx, job.name, 'nothing_comes');
  });
  return 'go-on';
}
