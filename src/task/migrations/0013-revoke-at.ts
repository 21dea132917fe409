/** When a git token that could not be revoked is tried again: its retries hold up nothing else of the task. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table job add column revoke_at timestamptz`.execute(db);
}
