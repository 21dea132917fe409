/** Money: scopes with their caps, one row per upstream dispatch, and what each row holds in each scope. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table ledger_scope (
    id text primary key,
    cap_nano_usd bigint not null,
    spent_nano_usd bigint not null default 0,
    reserved_nano_usd bigint not null default 0,
    check (cap_nano_usd >= 0 and spent_nano_usd >= 0 and reserved_nano_usd >= 0)
  )`,
  `create table ledger_row (
    id text primary key,
    request_id text not null,
    scopes text[] not null,
    task_id text,
    job_name text,
    model text not null,
    state text not null check (state in ('reserved', 'exact', 'bounded', 'released')),
    reserved_nano_usd bigint not null,
    settled_nano_usd bigint,
    usage jsonb,
    flags text[] not null default '{}',
    gateway text not null,
    lease_until timestamptz not null,
    created_at timestamptz not null default now(),
    settled_at timestamptz
  )`,
  `create index ledger_row_task on ledger_row (task_id)`,
  `create index ledger_row_open on ledger_row (lease_until) where state = 'reserved'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
