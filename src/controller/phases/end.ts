/** Any state -> ended: the outcome, with every job of the task closed and its round over in the same transaction. */
import { closeTaskJobs } from '../../task/store/close-task-jobs.ts';
import { endRound } from '../../task/store/end-round.ts';
import { lockSeen } from '../../task/store/lock-seen.ts';
import { type StateChange, transition } from '../../task/store/transition.ts';
import type { Outcome, Reason } from '../../task/task.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** How the task ends; `set` for what publishing made. */
export interface TaskEnd {
  readonly outcome: Outcome;
  readonly reason: Reason | null;
  readonly set?: NonNullable<StateChange['set']>;
}

/**
 * Ends the task, the change of state last: with it the chain's head joins the installation's chain. Sandboxes and tokens
 * that are left are tidied up afterwards, and whoever waited for its place looks again (where we die before that, with the
 * next resync).
 */
export async function endTask(deps: StepDeps, step: Step, end: TaskEnd): Promise<Progress> {
  const { task } = step.record;
  await deps.db.transaction().execute(async (trx) => {
    await lockSeen(trx, task);
    await closeTaskJobs(trx, task.id, end.outcome === 'aborted' ? 'aborted' : 'ended');
    await endRound(trx, { taskId: task.id, attempt: task.attempt, number: task.round, lost: false });
    await transition(trx, task, {
      to: 'ended',
      by: 'controller',
      end: { outcome: end.outcome, reason: end.reason },
      ...(end.set ? { set: end.set } : {}),
    });
  });
  deps.roomFreed();
  return 'go-on';
}
