/** No sandbox can be started where the task's run: it stands in line until a place is free there. */
import { lockSeen } from '../../task/store/lock-seen.ts';
import { standInLine } from '../../task/store/place.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** Writes it down; whoever frees a place wakes the first in line. */
export async function askPlace(
  deps: StepDeps,
  step: Step,
  action: Extract<Action, { do: 'ask-place' }>,
): Promise<Progress> {
  const { task, namespace } = step.record;
  await deps.db.transaction().execute(async (trx) => {
    await lockSeen(trx, task);
    await standInLine(trx, { taskId: task.id, namespace, rank: action.rank });
  });
  return 'go-on';
}
