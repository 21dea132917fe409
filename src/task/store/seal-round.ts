/**
 * The seal: a round's change set is fixed in the record, by the work job through the gateway or by the controller where
 * the work job's own limits ended it. The first write wins, and closes the work job.
 */
import { sql } from 'kysely';
import { appendAudit } from '../../audit/append.ts';
import type { Digest } from '../../shared/digest.ts';
import { Digest as DigestSchema } from '../../shared/digest.ts';
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../open-database.ts';
import { closeRoundJobs } from './close-round-jobs.ts';
import { lockTask } from './lock-task.ts';
import { wakeTask } from './wake-task.ts';

/** What is sealed; `narrative` and `workEnd` are the agent's and the runner's words (or the controller's `limit-...`). */
export interface SealInput {
  readonly taskId: string;
  readonly attempt: number;
  readonly round: number;
  readonly digest: Digest;
  readonly by: 'work' | 'controller';
  readonly narrative: string | null;
  readonly workEnd: string | null;
}

/** The digest that holds, and whether this call fixed it. */
export interface Sealed {
  readonly sealed: Digest;
  readonly won: boolean;
}

/** Seals, or says what was sealed before. `trx` must be a transaction. Errors: `round-over` (lost, ended or unknown). */
export async function sealRound(trx: Db, input: SealInput): Promise<Sealed> {
  await lockTask(trx, input.taskId);
  const round = await trx
    .selectFrom('round')
    .select(['sealed_digest', 'ended_at'])
    .where('task_id', '=', input.taskId)
    .where('attempt', '=', input.attempt)
    .where('number', '=', input.round)
    .executeTakeFirst();
  if (round?.sealed_digest) return { sealed: DigestSchema.parse(round.sealed_digest), won: false };
  if (!round || round.ended_at) throw roundOver(input);
  await trx
    .updateTable('round')
    .set({
      sealed_digest: input.digest,
      sealed_by: input.by,
      sealed_at: sql<Date>`now()`,
      narrative: input.narrative,
      work_end: input.workEnd,
    })
    .where('task_id', '=', input.taskId)
    .where('attempt', '=', input.attempt)
    .where('number', '=', input.round)
    .execute();
  await appendAudit(trx, input.taskId, {
    type: 'change-set.sealed',
    data: { digest: input.digest, by: input.by },
  });
  await closeRoundJobs(trx, { ...input, kind: 'work' }, input.by === 'work' ? 'sealed' : 'limit');
  await wakeTask(trx, input.taskId);
  return { sealed: input.digest, won: true };
}

function roundOver(input: SealInput): GloveboxError {
  return new GloveboxError({
    code: 'round-over',
    message: `Round ${input.round} of attempt ${input.attempt} of task '${input.taskId}' is over: expected a running round. Nothing can be sealed in it.`,
    audience: 'sandbox',
  });
}
