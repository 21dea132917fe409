/**
 * The common reservation in one round trip: the phase is open, and all that was asked fits beside what is spent and held.
 * Everything else, and every reason, is the business of `reserve` with the phase check in its transaction.
 */
import { CompiledQuery } from 'kysely';
import type { Db } from '../task/open-database.ts';
import type { PhaseCaller } from '../task/store/check-phase.ts';
import { LIFE } from '../task/store/database-life.ts';
import type { Reservation, ReserveRequest } from './decide-reservation.ts';

/** A reservation, and the life of the database in which it went to disk. */
export type OpenReservation = Extract<Reservation, { kind: 'reserved' }> & { readonly life: string | null };

/** Reserves the call whole for a caller in phase work, under the same locks as `reserve`; null: nothing was written. */
export async function reserveOpen(
  db: Db,
  caller: PhaseCaller,
  request: ReserveRequest,
): Promise<OpenReservation | null> {
  if (caller.phase !== 'work') return null;
  const amount = request.inputNanoUsd + BigInt(request.askedTokens) * request.outputNanoUsdPerToken;
  const query: CompiledQuery<{ reserved: boolean; life: string | null }> = CompiledQuery.raw(RESERVE_OPEN, [
    caller.taskId,
    caller.jobName,
    caller.podUid,
    request.attempt,
    request.round,
    request.scopes.map((scope) => scope.id),
    request.scopes.map((scope) => String(scope.capNanoUsd)),
    String(amount),
    request.rowId,
    request.requestId,
    request.model,
    request.gateway,
    request.leaseMs,
  ]);
  const { rows } = await db.executeQuery(query);
  const [row] = rows;
  if (row?.reserved !== true) return null;
  return { kind: 'reserved', maxTokens: request.askedTokens, reservedNanoUsd: amount, life: row.life };
}

/** The function stands in migration 0006. */
const RESERVE_OPEN = `
  select reserve_open($1, $2, $3, $4::int, $5::int, $6::text[], $7::text[]::bigint[], $8::bigint,
    $9, $10, $11, $12, $13::int) as reserved, ${LIFE} as life`;
