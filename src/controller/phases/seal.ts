/** The work job's own limits ended it: the controller seals the last upload (or what the round began with, or nothing). */
import { emptyChangeSet, putChangeSet } from '../../task/store/change-set-blob.ts';
import { lockSeen } from '../../task/store/lock-seen.ts';
import { sealRound } from '../../task/store/seal-round.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';
import { currentRound } from '../current-round.ts';

/** A seal that came through the gateway first stays. */
export async function sealLastUpload(
  deps: StepDeps,
  step: Step,
  action: Extract<Action, { do: 'seal' }>,
): Promise<Progress> {
  const { task } = step.record;
  const round = currentRound(step.record);
  if (!round || !task.pin || round.sealedDigest) return 'go-on';
  const baseSha = task.pin.baseSha;
  await deps.db.transaction().execute(async (trx) => {
    await lockSeen(trx, task);
    const left = round.lastUploadDigest ?? round.resumeDigest;
    await sealRound(trx, {
      taskId: task.id,
      attempt: task.attempt,
      round: round.number,
      digest: left ?? (await putChangeSet(trx, emptyChangeSet(baseSha))),
      by: 'controller',
      narrative: null,
      workEnd: action.end,
    });
  });
  return 'go-on';
}
