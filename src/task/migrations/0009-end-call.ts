/** The end of a model call as functions, planned once a connection: its settlement, its transcript, and both at once. */
import { type Kysely, sql } from 'kysely';

/** A crash empties an unlogged table, a clean end does not: another id says that what was not on disk was lost. */
const DATABASE_LIFE = `
  create unlogged table database_life (
    one boolean primary key default true check (one),
    id uuid not null default gen_random_uuid()
  )`;

/** False: the row was settled before (its lease ran out), which then stands. Scopes are locked in id order, as everywhere. */
const SETTLE_CALL = `
  create function settle_call(
    in_row text, in_state text, in_nano bigint, in_usage jsonb, in_flags text[], in_status int, in_upstream text
  ) returns boolean language plpgsql as $$
  declare
    held_scopes text[];
    held bigint;
  begin
    update ledger_row set state = in_state, settled_nano_usd = in_nano, usage = in_usage, flags = in_flags,
      status = in_status, upstream_request_id = in_upstream, settled_at = now()
      where id = in_row and state = 'reserved'
      returning scopes, reserved_nano_usd into held_scopes, held;
    if not found then return false; end if;
    perform 1 from ledger_scope where id = any (held_scopes) order by id for update;
    update ledger_scope set reserved_nano_usd = reserved_nano_usd - held, spent_nano_usd = spent_nano_usd + in_nano
      where id = any (held_scopes);
    return true;
  end $$`;

/**
 * Null, and nothing is written, where the call that it goes on from is not recorded; else the life of the database that it
 * was written in. Digests and bytes are hex.
 */
const RECORD_CALL = `
  create function record_call(
    in_row text, in_task text, in_attempt int, in_round int, in_parent text, in_inherited int,
    in_messages text, in_marks text, in_head text, in_answer text, in_answer_id text, in_stop text,
    in_digests text[], in_deflated boolean[], in_bytes text[]
  ) returns text language plpgsql as $$
  declare
    life text;
  begin
    if in_parent is not null then
      perform 1 from transcript_call where id = in_parent;
      if not found then return null; end if;
    end if;
    insert into transcript_chunk (digest, deflated, bytes)
      select decode(c.digest, 'hex'), c.deflated, decode(c.bytes, 'hex')
      from unnest(in_digests, in_deflated, in_bytes) as c (digest, deflated, bytes)
      on conflict do nothing;
    insert into transcript_call (id, task_id, attempt, round, parent_id, inherited, messages, marks, head, answer,
      answer_id, stop_reason)
      values (in_row, in_task, in_attempt, in_round, in_parent, in_inherited, decode(in_messages, 'hex'), in_marks,
        decode(in_head, 'hex'), decode(in_answer, 'hex'), in_answer_id, in_stop)
      on conflict (id) do nothing;
    select id into life from database_life;
    if life is null then
      insert into database_life default values on conflict do nothing;
      select id into life from database_life;
    end if;
    return life;
  end $$`;

/**
 * Both, all of it or nothing; answers as record_call does. It does not wait for the disk: a crash of the database within the
 * second that follows leaves the call reserved, as if its gateway had died, and it is settled at its whole reservation.
 */
const END_CALL = `
  create function end_call(
    in_row text, in_state text, in_nano bigint, in_usage jsonb, in_flags text[], in_status int, in_upstream text,
    in_task text, in_attempt int, in_round int, in_parent text, in_inherited int,
    in_messages text, in_marks text, in_head text, in_answer text, in_answer_id text, in_stop text,
    in_digests text[], in_deflated boolean[], in_bytes text[]
  ) returns text language plpgsql as $$
  declare
    life text;
  begin
    perform set_config('synchronous_commit', 'off', true);
    life := record_call(in_row, in_task, in_attempt, in_round, in_parent, in_inherited, in_messages, in_marks, in_head,
      in_answer, in_answer_id, in_stop, in_digests, in_deflated, in_bytes);
    if life is null then return null; end if;
    perform settle_call(in_row, in_state, in_nano, in_usage, in_flags, in_status, in_upstream);
    return life;
  end $$`;

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [DATABASE_LIFE, SETTLE_CALL, RECORD_CALL, END_CALL])
    await sql.raw(statement).execute(db);
}
