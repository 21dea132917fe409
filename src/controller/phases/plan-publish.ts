/** judging -> publishing: which round is published, and as what, stands in the record before anything is made on the host. */
import { transition } from '../../task/store/transition.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** Writes the plan with the step. */
export async function planPublish(
  deps: StepDeps,
  step: Step,
  action: Extract<Action, { do: 'plan-publish' }>,
): Promise<Progress> {
  await deps.db.transaction().execute((trx) =>
    transition(trx, step.record.task, {
      to: 'publishing',
      by: 'controller',
      set: { publish_plan: JSON.stringify(action.plan) },
    }),
  );
  return 'go-on';
}
