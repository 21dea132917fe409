/** Hands a verify job its round's sealed change set, or says why not: never before that job's base results are in. */
import type { ChangeSet } from '../../result/contract/change-set.ts';
import { Digest } from '../../shared/digest.ts';
import type { Db } from '../open-database.ts';
import { getChangeSet } from './change-set-blob.ts';
import type { LockedJob } from './check-phase.ts';

/** `nothing`: no new cells are wanted of this job. `waiting`: the round is not sealed yet. */
export type SealedRead =
  | { readonly state: 'nothing' | 'no-base-results' | 'waiting' }
  | { readonly state: 'sealed'; readonly digest: Digest; readonly changeSet: ChangeSet };

/** Reads what stands in the record. `job` is fresh from `readPhase`, whose locks hold. Errors: `blob-spoilt`. */
export async function readSealed(trx: Db, job: LockedJob): Promise<SealedRead> {
  if (job.nothingComes) return { state: 'nothing' };
  if (job.baseResults === null) return { state: 'no-base-results' };
  const digest = await sealedDigestOf(trx, job);
  if (digest === null) return { state: 'waiting' };
  return { state: 'sealed', digest, changeSet: await getChangeSet(trx, digest) };
}

/** The digest that the job's round is sealed with, or null. */
export async function sealedDigestOf(trx: Db, job: LockedJob): Promise<Digest | null> {
  const round = await trx
    .selectFrom('round')
    .select('sealed_digest')
    .where('task_id', '=', job.taskId)
    .where('attempt', '=', job.attempt)
    .where('number', '=', job.round)
    .executeTakeFirstOrThrow();
  return round.sealed_digest === null ? null : Digest.parse(round.sealed_digest);
}
