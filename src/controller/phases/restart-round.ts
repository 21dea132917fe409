/** The work job was lost, by us: its round ends unsealed, and a new one goes on from the last upload, uncounted. */
import { sql } from 'kysely';
import { closeRoundJobs } from '../../task/store/close-round-jobs.ts';
import { endRound } from '../../task/store/end-round.ts';
import { startRound } from '../../task/store/start-round.ts';
import { transition } from '../../task/store/transition.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';
import { currentRound } from '../current-round.ts';

/** Does nothing where a seal came first: then the round is not lost. */
export async function restartRound(deps: StepDeps, step: Step): Promise<Progress> {
  const { task } = step.record;
  const round = currentRound(step.record);
  if (!round) return 'go-on';
  const key = { taskId: task.id, attempt: task.attempt };
  await deps.db
    .transaction()
    .execute(async (trx) => {
      await transition(trx, task, { to: 'working', by: 'controller', set: { round: round.number + 1 } });
      if (!(await endRound(trx, { ...key, number: round.number, lost: true }))) throw new SealedFirst();
      await closeRoundJobs(trx, { ...key, round: round.number }, 'lost');
      await trx
        .updateTable('task')
        .set({ platform_failures: sql<number>`platform_failures + 1` })
        .where('id', '=', task.id)
        .execute();
      await startRound(trx, {
        ...key,
        number: round.number + 1,
        resumeDigest: round.lastUploadDigest ?? round.resumeDigest,
        followsRound: round.followsRound,
      });
    })
    .catch((error: unknown) => {
      if (!(error instanceof SealedFirst)) throw error;
    });
  return 'go-on';
}

/** Rolls the transaction back; never leaves this file. */
class SealedFirst extends Error {}
