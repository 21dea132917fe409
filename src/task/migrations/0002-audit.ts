/** The audit chain: one per task, ordered under the task row's lock. Append-only; nothing here is ever updated. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table audit_event (
    task_id text not null references task (id),
    seq int not null,
    at timestamptz not null,
    type text not null,
    data jsonb not null,
    previous_hash text not null,
    hash text not null,
    primary key (task_id, seq)
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
