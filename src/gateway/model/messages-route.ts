/** `POST /v1/messages`: read, price, reserve, send, relay while metering, settle. Each step is a file of its own. */
import { priceOf } from '../../config/model-catalogue.ts';
import type { CostFeature } from '../../ledger/cost-feature.ts';
import { hasCode } from '../../shared/errors.ts';
import { LEDGER_UNAVAILABLE, notAllowed, RefusedCall } from './anthropic-error.ts';
import type { ClientCall } from './client-call.ts';
import { dispatch } from './dispatch.ts';
import { type FinishDeps, releaseCall } from './finish-call.ts';
import { type Flight, holdPlace } from './hold-place.ts';
import type { ModelRequest } from './model-request.ts';
import { type ParseDeps, parseBody, refuseTooMuchNew } from './parse-body.ts';
import { readBody } from './read-body.ts';
import { type CallMoney, reserveCall } from './reserve-call.ts';

/** Everything the route works with: the gateway's parts and what it remembers. */
export type CallDeps = FinishDeps & ParseDeps;

/** Answers one call; what comes after the head of the answer goes on by itself. Throws `RefusedCall`. */
export function postMessages(deps: CallDeps, client: ClientCall): Promise<void> {
  return holdPlace(deps, client, (flight) => call(deps, flight));
}

async function call(deps: CallDeps, flight: Flight): Promise<void> {
  refuseTooMuchNew(deps, flight.client.caller.jobName);
  const body = await readBody(deps, flight.client);
  try {
    const betas = flight.client.incoming.headers['anthropic-beta']?.toString();
    const request = await parseBody(deps, flight, { bytes: body.bytes, betas, hasOutput: true });
    refuseFeatures(deps, request);
    const money = await prepare(deps, flight, request);
    const paid = await reserveCall(deps, money);
    deps.calls.hold(money.rowId);
    if (flight.exchange.signal.aborted) {
      await releaseCall(deps, money, paid);
      throw new RefusedCall(LEDGER_UNAVAILABLE);
    }
    await dispatch(deps, { money, paid, flight });
  } finally {
    body.free();
  }
}

function refuseFeatures(deps: CallDeps, request: ModelRequest): void {
  const unpriced = request.features.filter((feature) => deps.pricedFeatures[feature] === undefined);
  if (unpriced.length > 0) throw notAllowed(unpricedText(unpriced));
}

function unpricedText(features: readonly CostFeature[]): string {
  return `What this request may cost cannot be bounded: ${features.join(', ')}. An organisation admin can price it; leave it out until then.`;
}

async function prepare(deps: CallDeps, flight: Flight, request: ModelRequest): Promise<CallMoney> {
  const { caller, requestId } = flight.client;
  await deps.calls.settled(caller.taskId, 'binding');
  return {
    rowId: Buffer.from(deps.random(15)).toString('base64url'),
    requestId,
    caller,
    payer: await payerOf(deps, caller),
    price: priceFor(deps, request.head.model),
    request,
    shared: deps.recent.shared(caller.taskId, request),
    signal: flight.exchange.signal,
  };
}

async function payerOf(deps: CallDeps, caller: ClientCall['caller']) {
  try {
    return await deps.payerOf(caller);
  } catch (error) {
    deps.log.error({ err: error, taskId: caller.taskId }, 'who pays cannot be read');
    throw new RefusedCall(LEDGER_UNAVAILABLE);
  }
}

function priceFor(deps: CallDeps, model: string) {
  try {
    return priceOf(deps.prices(), model);
  } catch (error) {
    if (hasCode(error, 'price-unknown')) throw notAllowed(error.message);
    throw error;
  }
}
