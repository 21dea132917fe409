/** The diff that a round was judged by, for whoever looks at it later without the base at hand. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table round add column diff_digest text references blob (digest)`.execute(db);
}
