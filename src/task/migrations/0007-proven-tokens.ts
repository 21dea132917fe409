/** Tokens that a cluster proved: whose they are stands beside our own, by their hash, so that every replica knows it. */
import { type Kysely, sql } from 'kysely';

/** All three are null for a token that we issued ourselves. */
const STATEMENTS = [
  `alter table phase_token
    add column pod_uid text,
    add column credential_id text,
    add column expires_at timestamptz`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
