/** Since when the status comment cannot be written: its retries become rarer with time, and end. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table task add column surface_failing_since timestamptz`.execute(db);
}
