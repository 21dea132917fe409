/** Transcripts, content-addressed, and what a ledger row says of the round and the upstream's answer. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `alter table ledger_row
    add column attempt int,
    add column round int,
    add column status int,
    add column upstream_request_id text,
    add column audited boolean not null default false`,
  `create index ledger_row_unpriced on ledger_row (task_id) where 'unpriced' = any (flags)`,
  `create index ledger_row_unaudited on ledger_row (task_id) where not audited and state <> 'reserved'`,
  `create table transcript_chunk (
    digest bytea primary key,
    deflated boolean not null,
    bytes bytea not null
  )`,
  // messages: 32-byte digests of those after the first inherited ones, which are the parent call's
  `create table transcript_call (
    id text primary key references ledger_row (id),
    task_id text not null,
    attempt int not null,
    round int not null,
    parent_id text,
    inherited int not null,
    messages bytea not null,
    marks text,
    head bytea not null,
    answer bytea,
    answer_id text,
    stop_reason text
  )`,
  `create index transcript_call_task on transcript_call (task_id, attempt)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
