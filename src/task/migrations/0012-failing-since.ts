/** Since when the current step fails without a success in between: a task may be old, and its first failure new. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table task add column failing_since timestamptz`.execute(db);
}
