/**
 * Reserves a call's worst case in all of its scopes before it is sent, in one transaction that locks them in id order:
 * no sum of concurrent calls can pass a cap. Pure decision in `decide-reservation`; this file does the SQL.
 */
import { CompiledQuery } from 'kysely';
import type { NanoUsd } from '../shared/money.ts';
import type { Db } from '../task/open-database.ts';
import {
  decideReservation,
  type Reservation,
  type ReserveRequest,
  type ScopeState,
} from './decide-reservation.ts';

/** `inTransaction` runs first in the reservation's own transaction; what it throws undoes it (the phase check). */
export interface ReserveDeps {
  readonly db: Db;
  readonly inTransaction?: ((trx: Db) => Promise<void>) | undefined;
}

/** Reserves, or says why not. Nothing is written unless the answer is `reserved`. */
export async function reserve(deps: ReserveDeps, request: ReserveRequest): Promise<Reservation> {
  return deps.db.transaction().execute(async (trx) => {
    await deps.inTransaction?.(trx);
    const { states, unpriced } = await lockScopes(trx, request);
    if (unpriced !== null) return { kind: 'unpriced', flags: unpriced };
    const decision = decideReservation(states, request);
    if (decision.kind === 'reserved') await writeReservation(trx, request, decision.reservedNanoUsd);
    return decision;
  });
}

interface Locked {
  readonly states: readonly ScopeState[];
  /** Flags of a row of this task that named a price that we lack. */
  readonly unpriced: readonly string[] | null;
}

/** Locks the scopes in id order, creating those that are new; their caps are those of this moment. */
async function lockScopes(trx: Db, request: ReserveRequest): Promise<Locked> {
  const found = await selectLocked(trx, request);
  if (found.states.length === request.scopes.length) return found;
  await trx
    .insertInto('ledger_scope')
    .values(request.scopes.map((scope) => ({ id: scope.id, cap_nano_usd: scope.capNanoUsd })))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  return selectLocked(trx, request);
}

interface LockedRow {
  readonly id: string;
  readonly spent_nano_usd: bigint;
  readonly reserved_nano_usd: bigint;
  readonly unpriced: string[] | null;
}

/** Built by hand, not by the query builder: it runs at every model call. */
const LOCK_SCOPES = `
  select id, spent_nano_usd, reserved_nano_usd,
    (select flags from ledger_row where task_id = $2 and 'unpriced' = any (flags) limit 1) as unpriced
  from ledger_scope where id = any ($1::text[]) order by id for update`;

async function selectLocked(trx: Db, request: ReserveRequest): Promise<Locked> {
  const caps = new Map(request.scopes.map((scope) => [scope.id, scope.capNanoUsd]));
  const query: CompiledQuery<LockedRow> = CompiledQuery.raw(LOCK_SCOPES, [[...caps.keys()], request.taskId]);
  const { rows } = await trx.executeQuery(query);
  const states = rows.map((row) => ({
    id: row.id,
    capNanoUsd: caps.get(row.id) ?? 0n,
    spentNanoUsd: row.spent_nano_usd,
    reservedNanoUsd: row.reserved_nano_usd,
  }));
  return { states, unpriced: rows[0]?.unpriced ?? null };
}

const WRITE_RESERVATION = `
  with moved as (
    update ledger_scope s set reserved_nano_usd = s.reserved_nano_usd + $1::int8, cap_nano_usd = c.cap::int8
    from unnest($2::text[], $3::text[]) as c (id, cap) where s.id = c.id
  )
  insert into ledger_row (id, request_id, scopes, task_id, job_name, attempt, round, model, state,
    reserved_nano_usd, gateway, lease_until)
  values ($4, $5, $2::text[], $6, $7, $8, $9, $10, 'reserved', $1::int8, $11, now() + $12 * interval '1 millisecond')`;

/** One round trip: the row and every scope. */
async function writeReservation(trx: Db, request: ReserveRequest, amount: NanoUsd): Promise<void> {
  await trx.executeQuery(
    CompiledQuery.raw(WRITE_RESERVATION, [
      String(amount),
      request.scopes.map((scope) => scope.id),
      request.scopes.map((scope) => String(scope.capNanoUsd)),
      request.rowId,
      request.requestId,
      request.taskId,
      request.jobName,
      request.attempt,
      request.round,
      request.model,
      request.gateway,
      request.leaseMs,
    ]),
  );
}
