/**
 * Deletes the hashes of pods' tokens that nobody needs any more; without it each renewal of a token would stay for ever.
 * A token past its end is refused by the API server whether its row stands or not, with the same answer and the same
 * reason in the audit. Hashes of tokens that we issued ourselves have no end and stay beside their job, a few each: theirs
 * are what tells the token of a closed job from one that nobody issued.
 */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** The clocks of the API server, the gateways and the database may differ by less than this, in milliseconds. */
const CLOCK_MARGIN_MS = 3_600_000;
const MAX_ROWS = 1_000;
const MAX_BATCHES = 10;

/**
 * How many rows were deleted, 10,000 at most. Rows of a task that has not ended stay: its change sets are searched for them.
 * Several replicas at once share the rows.
 */
export async function forgetTokens(db: Db): Promise<number> {
  let forgotten = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const deleted = await forgetBatch(db);
    forgotten += deleted;
    if (deleted < MAX_ROWS) break;
  }
  return forgotten;
}

async function forgetBatch(db: Db): Promise<number> {
  const useless = db
    .selectFrom('phase_token')
    .innerJoin('job', 'job.name', 'phase_token.job_name')
    .innerJoin('task', 'task.id', 'job.task_id')
    .select('phase_token.hash')
    .where(
      'phase_token.expires_at',
      '<',
      sql<Date>`now() - ${CLOCK_MARGIN_MS}::int * interval '1 millisecond'`,
    )
    .where('task.state', '=', 'ended')
    .limit(MAX_ROWS)
    .forUpdate('phase_token')
    .skipLocked();
  const { numDeletedRows } = await db
    .deleteFrom('phase_token')
    // an array is read once; "in" may run the selection anew for each row, which locks and skips others each time
    .where('hash', '=', sql<string>`any (array(${useless}))`)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
