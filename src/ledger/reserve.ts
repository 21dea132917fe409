/**
 * Reserves a call's worst case in all of its scopes before it is sent, in one transaction that locks them in id order:
 * no sum of concurrent calls can pass a cap. Pure decision in `decide-reservation`; this file does the SQL.
 */
import { sql } from 'kysely';
import type { NanoUsd } from '../shared/money.ts';
import type { Db } from '../task/open-database.ts';
import {
  decideReservation,
  type Reservation,
  type ReserveRequest,
  type ScopeState,
} from './decide-reservation.ts';
import type { ScopeCap } from './scopes-of.ts';

/** `inTransaction` runs first in the reservation's own transaction; what it throws undoes it (the phase check). */
export interface ReserveDeps {
  readonly db: Db;
  readonly inTransaction?: ((trx: Db) => Promise<void>) | undefined;
}

/** Reserves, or says why not. Nothing is written unless the answer is `reserved`. */
export async function reserve(deps: ReserveDeps, request: ReserveRequest): Promise<Reservation> {
  return deps.db.transaction().execute(async (trx) => {
    await deps.inTransaction?.(trx);
    const unpriced = await unpricedFlags(trx, request.taskId);
    if (unpriced !== null) return { kind: 'unpriced', flags: unpriced };
    const states = await lockScopes(trx, request.scopes);
    const decision = decideReservation(states, request);
    if (decision.kind === 'reserved') await writeReservation(trx, request, decision.reservedNanoUsd);
    return decision;
  });
}

async function unpricedFlags(trx: Db, taskId: string | null): Promise<readonly string[] | null> {
  if (taskId === null) return null;
  const row = await trx
    .selectFrom('ledger_row')
    .select('flags')
    .where('task_id', '=', taskId)
    .where(sql<boolean>`'unpriced' = any (flags)`)
    .limit(1)
    .executeTakeFirst();
  return row?.flags ?? null;
}

/** Locks the scopes in id order, creating those that are new; their caps are those of this moment. */
async function lockScopes(trx: Db, scopes: readonly ScopeCap[]): Promise<readonly ScopeState[]> {
  const found = await selectLocked(trx, scopes);
  if (found.length === scopes.length) return found;
  await trx
    .insertInto('ledger_scope')
    .values(scopes.map((scope) => ({ id: scope.id, cap_nano_usd: scope.capNanoUsd })))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  return selectLocked(trx, scopes);
}

async function selectLocked(trx: Db, scopes: readonly ScopeCap[]): Promise<readonly ScopeState[]> {
  const caps = new Map(scopes.map((scope) => [scope.id, scope.capNanoUsd]));
  const rows = await trx
    .selectFrom('ledger_scope')
    .select(['id', 'spent_nano_usd', 'reserved_nano_usd'])
    .where('id', 'in', [...caps.keys()])
    .orderBy('id')
    .forUpdate()
    .execute();
  return rows.map((row) => ({
    id: row.id,
    capNanoUsd: caps.get(row.id) ?? 0n,
    spentNanoUsd: row.spent_nano_usd,
    reservedNanoUsd: row.reserved_nano_usd,
  }));
}

/** One round trip: the row and every scope. */
async function writeReservation(trx: Db, request: ReserveRequest, amount: NanoUsd): Promise<void> {
  const ids = request.scopes.map((scope) => scope.id);
  const caps = request.scopes.map((scope) => String(scope.capNanoUsd));
  await sql`
    with moved as (
      update ledger_scope s set reserved_nano_usd = s.reserved_nano_usd + ${String(amount)}::int8, cap_nano_usd = c.cap::int8
      from unnest(${ids}::text[], ${caps}::text[]) as c (id, cap) where s.id = c.id
    )
    insert into ledger_row (id, request_id, scopes, task_id, job_name, attempt, round, model, state,
      reserved_nano_usd, gateway, lease_until)
    values (${request.rowId}, ${request.requestId}, ${ids}::text[], ${request.taskId}, ${request.jobName},
      ${request.attempt}, ${request.round}, ${request.model}, 'reserved', ${String(amount)}::int8,
      ${request.gateway}, now() + ${request.leaseMs} * interval '1 millisecond')
  `.execute(trx);
}
