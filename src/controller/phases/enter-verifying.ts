/** working -> verifying: sealed, and there is something new to judge. */
import { transition } from '../../task/store/transition.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** Moves the state; the verify job is there or is launched next. */
export async function enterVerifying(deps: StepDeps, step: Step): Promise<Progress> {
  await deps.db
    .transaction()
    .execute((trx) => transition(trx, step.record.task, { to: 'verifying', by: 'controller' }));
  return 'go-on';
}
