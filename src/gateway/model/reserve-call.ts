/** Gets the money for one call: reserves, waits its turn while only live reservations stand in the way, or refuses. */

import type { ModelPrice } from '../../config/model-price.ts';
import { featureBound } from '../../ledger/cost-feature.ts';
import type { Reservation, ReserveRequest } from '../../ledger/decide-reservation.ts';
import { reserve } from '../../ledger/reserve.ts';
import { type Payer, scopesOf } from '../../ledger/scopes-of.ts';
import type { HeldCall } from '../../ledger/settlement.ts';
import { outputFloor, worstInputNanoUsd } from '../../ledger/worst-case.ts';
import { GloveboxError, hasCode } from '../../shared/errors.ts';
import { databaseLife } from '../../task/store/database-life.ts';
import type { Caller } from '../identity.ts';
import type { StoredChunks } from '../transcript/stored-chunks.ts';
import { LEDGER_UNAVAILABLE, RefusedCall, unauthenticated } from './anthropic-error.ts';
import type { CallsInFlight } from './calls-in-flight.ts';
import type { ModelDeps } from './model-deps.ts';
import type { ModelRequest } from './model-request.ts';
import type { SharedPrefix } from './recent-calls.ts';
import { refusalOfReservation } from './refuse-reservation.ts';
import type { WaitLine } from './wait-line.ts';

/** What one call asks the ledger for. */
export interface CallMoney {
  readonly rowId: string;
  readonly requestId: string;
  readonly caller: Caller;
  readonly payer: Payer;
  readonly price: ModelPrice;
  readonly request: ModelRequest;
  readonly shared: SharedPrefix;
  readonly signal: AbortSignal;
}

/** A reservation that was made; the scopes are those to wake when it ends. */
export interface PaidCall extends HeldCall {
  readonly scopeIds: readonly string[];
}

/** The gateway's parts, the line that waits for money, and the memory of refusals that were audited. */
export type ReserveCallDeps = ModelDeps & {
  readonly line: WaitLine;
  readonly calls: Pick<CallsInFlight, 'isFirstRefusal' | 'settled'>;
  readonly stored: Pick<StoredChunks, 'mark' | 'confirm'>;
};

/** Reserves the call's worst case. Throws `RefusedCall`. */
export async function reserveCall(deps: ReserveCallDeps, money: CallMoney): Promise<PaidCall> {
  const since = deps.clock.now();
  for (;;) {
    const wanted = reserveRequest(deps, money);
    const answer = await tryReserve(deps, money, wanted);
    if (answer.kind === 'reserved') {
      return {
        price: money.price,
        reservedNanoUsd: answer.reservedNanoUsd,
        maxTokens: answer.maxTokens,
        featureNanoUsd: featureBound(deps.pricedFeatures, money.request.features),
        scopeIds: wanted.scopes.map((scope) => scope.id),
      };
    }
    const waited = deps.clock.now() - since;
    if (answer.kind === 'spent') await auditSpent(deps, money, answer.scope.id);
    if (answer.kind !== 'busy' || waited >= deps.limits.waitMs)
      throw new RefusedCall(refusalOfReservation(answer));
    await deps.line.turn(answer.scope.id, since, money.signal);
  }
}

/** A spent cap enters the task's audit chain once per job and cap, however often the sandbox asks again. */
async function auditSpent(deps: ReserveCallDeps, { caller }: CallMoney, scopeId: string): Promise<void> {
  if (!deps.calls.isFirstRefusal(`${caller.jobName} ${scopeId}`)) return;
  const data = { job: caller.jobName, path: '/v1/messages', reason: `cap-spent ${scopeId}` };
  await deps.audit(caller.taskId, { type: 'gateway.refused', data }).catch((error: unknown) => {
    deps.log.error({ err: error, taskId: caller.taskId }, 'spent cap could not be audited');
  });
}

/** Built at each try: the day may have changed, and the caps may have been raised while the call waited. */
function reserveRequest(deps: ModelDeps, money: CallMoney): ReserveRequest {
  const { caller, price, request, shared } = money;
  const input = worstInputNanoUsd(
    {
      meteredTokens: shared.metered.tokens,
      newBytes: bytesAfter(request, shared.metered.messages),
      images: request.images,
      typedTools: request.typedTools,
      hourCache: request.hourCache,
    },
    price,
  );
  return {
    rowId: money.rowId,
    requestId: money.requestId,
    taskId: caller.taskId,
    jobName: caller.jobName,
    attempt: caller.attempt,
    round: caller.round,
    model: request.head.model,
    scopes: scopesOf(money.payer, deps.caps(), deps.clock.now()),
    inputNanoUsd: input + featureBound(deps.pricedFeatures, request.features),
    outputNanoUsdPerToken: price.output,
    askedTokens: request.maxTokens,
    floorTokens: outputFloor(request.maxTokens, request.head.thinkingBudgetTokens),
    gateway: deps.gateway,
    leaseMs: deps.limits.leaseMs,
  };
}

/** Bytes that no answer metered yet: all of the body, or what follows the metered messages. */
function bytesAfter(request: ModelRequest, messages: number): number {
  const lastMetered = messages === 0 ? undefined : request.outline.messages[messages - 1];
  if (lastMetered === undefined) return request.bytes.length;
  const lastMessage = request.outline.messages.at(-1);
  return (lastMessage?.end ?? lastMetered.end) - lastMetered.end;
}

async function tryReserve(
  deps: ReserveCallDeps,
  money: CallMoney,
  wanted: ReserveRequest,
): Promise<Reservation> {
  const mark = deps.stored.mark();
  const inTransaction = async (trx: ModelDeps['db']) => {
    const phase = await deps.checkPhase(trx, money.caller);
    if (phase === 'closed') throw closedPhase();
  };
  try {
    const open = await deps.reserveOpen?.(deps.db, money.caller, wanted);
    if (!open) return await reserveAfterSettlements(deps, { wanted, inTransaction });
    deps.stored.confirm(mark, open.life);
    return open;
  } catch (error) {
    if (hasCode(error, 'phase-closed')) throw unauthenticated('phase-closed');
    deps.log.error({ err: error, taskId: money.caller.taskId }, 'reservation failed');
    throw new RefusedCall(LEDGER_UNAVAILABLE);
  }
}

interface Slow {
  readonly wanted: ReserveRequest;
  inTransaction(trx: ModelDeps['db']): Promise<void>;
}

/** Where money is short, what ended calls of the task give back counts: less output is allowed, or none, only after that. */
async function reserveAfterSettlements(
  deps: ReserveCallDeps,
  { wanted, inTransaction }: Slow,
): Promise<Reservation> {
  if (wanted.taskId !== null) await deps.calls.settled(wanted.taskId, 'all');
  const mark = deps.stored.mark();
  const answer = await reserve({ db: deps.db, inTransaction }, wanted);
  if (answer.kind === 'reserved') deps.stored.confirm(mark, await databaseLife(deps.db));
  return answer;
}

function closedPhase(): GloveboxError {
  return new GloveboxError({
    code: 'phase-closed',
    message: 'The phase of this token is over.',
    audience: 'sandbox',
  });
}
