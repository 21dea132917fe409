/** working, verifying -> judging: the round is over unjudged, and which earlier one is published stands in the record. */
import { GloveboxError } from '../../shared/errors.ts';
import { closeRoundJobs } from '../../task/store/close-round-jobs.ts';
import { endRound } from '../../task/store/end-round.ts';
import { transition } from '../../task/store/transition.ts';
import type { PublishPlan } from '../../task/task.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/**
 * Closes the round's jobs; judging then waits for its calls before anything is published. A round that work did not seal
 * counts as lost. Error `record-moved` where a seal came first: then the round is judged.
 */
export async function fallBack(
  deps: StepDeps,
  step: Step,
  { plan }: { readonly plan: PublishPlan },
): Promise<Progress> {
  const { task } = step.record;
  const key = { taskId: task.id, attempt: task.attempt };
  const unsealed = task.state === 'working';
  await deps.db.transaction().execute(async (trx) => {
    const set = { publish_plan: JSON.stringify(plan) };
    await transition(trx, task, { to: 'judging', by: 'controller', set });
    const ended = await endRound(trx, { ...key, number: task.round, lost: unsealed });
    if (unsealed && !ended) throw sealedFirst(task.id);
    await closeRoundJobs(trx, { ...key, round: task.round }, 'ended');
  });
  return 'go-on';
}

function sealedFirst(taskId: string): GloveboxError {
  return new GloveboxError({
    code: 'record-moved',
    message: `The current round of task '${taskId}' was sealed a moment ago: it is judged. Load it again.`,
    retry: true,
  });
}
