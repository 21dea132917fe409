/** Ends a round that is not judged: lost with its work job, or over with its task. Nothing can be sealed in it then. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** True when this call ended it: false means that a seal (or somebody else) came first. `trx` must be a transaction. */
export async function endRound(
  trx: Db,
  round: {
    readonly taskId: string;
    readonly attempt: number;
    readonly number: number;
    readonly lost: boolean;
  },
): Promise<boolean> {
  let query = trx
    .updateTable('round')
    .set({ ended_at: sql<Date>`now()`, lost: round.lost })
    .where('task_id', '=', round.taskId)
    .where('attempt', '=', round.attempt)
    .where('number', '=', round.number)
    .where('ended_at', 'is', null);
  if (round.lost) query = query.where('sealed_digest', 'is', null);
  return (await query.returning('number').executeTakeFirst()) !== undefined;
}
