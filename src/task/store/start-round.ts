/** Puts a round into the record, with what it goes on from. Part of the transaction that moves the task to it. */
import type { Digest } from '../../shared/digest.ts';
import type { Db } from '../open-database.ts';

/** A round that begins. */
export interface NewRound {
  readonly taskId: string;
  readonly attempt: number;
  readonly number: number;
  /** Laid over the base; null: from the base itself. */
  readonly resumeDigest: Digest | null;
  /** The judged round whose failures it is to mend; null for a first one. */
  readonly followsRound: number | null;
}

/** A round that exists stays as it is. */
export async function startRound(trx: Db, round: NewRound): Promise<void> {
  await trx
    .insertInto('round')
    .values({
      task_id: round.taskId,
      attempt: round.attempt,
      number: round.number,
      resume_digest: round.resumeDigest,
      follows_round: round.followsRound,
    })
    .onConflict((conflict) => conflict.columns(['task_id', 'attempt', 'number']).doNothing())
    .execute();
}
