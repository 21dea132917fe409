/** The installation's chain: the last audit head of each ended task, written to an external sink in order. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table installation_audit (
    installation_id bigint not null,
    seq int not null,
    at timestamptz not null,
    task_id text not null references task (id),
    head text not null,
    previous_hash text not null,
    hash text not null,
    written_at timestamptz,
    primary key (installation_id, seq),
    unique (task_id, head)
  )`,
  `create index installation_audit_unwritten on installation_audit (installation_id, seq) where written_at is null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
