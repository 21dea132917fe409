/** A model call's money in one round trip: what `check-phase` and `reserve` allow in the common case, as one function. */
import { type Kysely, sql } from 'kysely';

/**
 * False leaves everything as it was and says nothing of why: `reserve` then decides in a transaction of its own. Each
 * statement of the function sees what was committed before it, so a lock that was waited for is followed by a fresh read.
 * The order of locks is everybody's: task, job, scopes by id.
 */
const RESERVE_OPEN = `
  create function reserve_open(
    in_task text, in_job text, in_pod text, in_attempt int, in_round int,
    in_scopes text[], in_caps bigint[], in_amount bigint,
    in_row text, in_request text, in_model text, in_gateway text, in_lease_ms int
  ) returns boolean language plpgsql as $$
  begin
    perform 1 from task where id = in_task and state <> 'ended' and abort is null
      and attempt = in_attempt and round = in_round for update;
    if not found then return false; end if;

    perform 1 from job where name = in_job and task_id = in_task and attempt = in_attempt and round = in_round
      and kind = 'work' and phase = 'work' and closed_at is null and bound_uid is not distinct from in_pod for update;
    if not found then return false; end if;

    perform 1 from round where task_id = in_task and attempt = in_attempt and number = in_round and ended_at is null;
    if not found then return false; end if;

    perform 1 from ledger_row where task_id = in_task and 'unpriced' = any (flags);
    if found then return false; end if;

    perform 1 from ledger_scope where id = any (in_scopes) order by id for update;
    perform 1 from unnest(in_scopes, in_caps) as c (id, cap) left join ledger_scope s using (id)
      where s.id is null or c.cap - s.spent_nano_usd - s.reserved_nano_usd < in_amount;
    if found then return false; end if;

    update ledger_scope s set reserved_nano_usd = s.reserved_nano_usd + in_amount, cap_nano_usd = c.cap
      from unnest(in_scopes, in_caps) as c (id, cap) where s.id = c.id;
    insert into ledger_row (id, request_id, scopes, task_id, job_name, attempt, round, model, state,
      reserved_nano_usd, gateway, lease_until)
    values (in_row, in_request, in_scopes, in_task, in_job, in_attempt, in_round, in_model, 'reserved',
      in_amount, in_gateway, now() + in_lease_ms * interval '1 millisecond');
    return true;
  end $$`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(RESERVE_OPEN).execute(db);
}
