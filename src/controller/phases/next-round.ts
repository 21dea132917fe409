/** judging -> working: checks fail that the change broke. The next round goes on from the sealed set and the conversation. */
import { startRound } from '../../task/store/start-round.ts';
import { transition } from '../../task/store/transition.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';
import { currentRound } from '../current-round.ts';

/** Begins the round in the transaction that moves the task to it. */
export async function beginNextRound(
  deps: StepDeps,
  step: Step,
  action: Extract<Action, { do: 'next-round' }>,
): Promise<Progress> {
  const { task } = step.record;
  const round = currentRound(step.record);
  if (!round) return 'go-on';
  await deps.db.transaction().execute(async (trx) => {
    await transition(trx, task, { to: 'working', by: 'controller', set: { round: round.number + 1 } });
    await startRound(trx, {
      taskId: task.id,
      attempt: task.attempt,
      number: round.number + 1,
      resumeDigest: round.sealedDigest,
      followsRound: action.follows,
    });
  });
  return 'go-on';
}
