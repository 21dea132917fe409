/** `POST /v1/messages`: read, price, reserve, send, relay while metering, settle. Each step is a file of its own. */
import type { Context } from 'hono';
import { priceOf } from '../../config/model-catalogue.ts';
import type { CostFeature } from '../../ledger/cost-feature.ts';
import { hasCode } from '../../shared/errors.ts';
import type { Caller } from '../identity.ts';
import {
  invalidRequest,
  LEDGER_UNAVAILABLE,
  notAllowed,
  RefusedCall,
  UNAUTHENTICATED,
} from './anthropic-error.ts';
import type { ModelEnv } from './authenticate.ts';
import { dispatch } from './dispatch.ts';
import { type FinishDeps, releaseCall } from './finish-call.ts';
import { readBody } from './read-body.ts';
import { type ModelRequest, type ReadDeps, type ReadOptions, readRequest } from './read-request.ts';
import { type CallMoney, reserveCall } from './reserve-call.ts';

/** Everything the route works with: the gateway's parts and what it remembers. */
export type CallDeps = FinishDeps & { readonly reading: ReadDeps };

/** Handles one call. Throws `RefusedCall`. */
export async function postMessages(deps: CallDeps, c: Context<ModelEnv>): Promise<Response> {
  const caller = c.get('caller');
  const closing = deps.closings.signalFor(caller.jobName);
  if (!deps.calls.enter(caller.jobName)) throw tooManyCalls();
  const exchange = new AbortController();
  const leave = linkSignals(exchange, [closing, c.req.raw.signal, deps.calls.closing]);
  const over = once(() => {
    leave();
    deps.calls.leave(caller.jobName);
  });
  try {
    return await call(deps, c, { caller, exchange, over });
  } catch (error) {
    over();
    if (closing.aborted) throw new RefusedCall(UNAUTHENTICATED);
    throw error;
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

interface Flight {
  readonly caller: Caller;
  readonly exchange: AbortController;
  /** The call no longer counts against its job. */
  over(): void;
}

async function call(deps: CallDeps, c: Context<ModelEnv>, flight: Flight): Promise<Response> {
  const body = await readBody(deps, c.req.raw);
  try {
    const request = parseBody(deps, body.bytes, { betas: c.req.header('anthropic-beta'), hasOutput: true });
    refuseFeatures(deps, request);
    const money = await prepare(deps, { request, flight, requestId: c.get('requestId') });
    const paid = await reserveCall(deps, money);
    deps.calls.hold(money.rowId);
    if (flight.exchange.signal.aborted) {
      await releaseCall(deps, money, paid);
      throw new RefusedCall(LEDGER_UNAVAILABLE);
    }
    return await dispatch(deps, { money, paid, flight, headers: c.req.raw.headers, url: c.req.url });
  } finally {
    body.free();
  }
}

/** The body, read. Throws a refusal. */
export function parseBody(deps: CallDeps, bytes: Buffer, options: ReadOptions): ModelRequest {
  try {
    return readRequest(deps.reading, bytes, options);
  } catch (error) {
    if (hasCode(error, 'json-invalid')) throw invalidRequest(error.message);
    throw error;
  }
}

function refuseFeatures(deps: CallDeps, request: ModelRequest): void {
  const unpriced = request.features.filter((feature) => deps.pricedFeatures[feature] === undefined);
  if (unpriced.length > 0) throw notAllowed(unpricedText(unpriced));
}

function unpricedText(features: readonly CostFeature[]): string {
  return `What this request may cost cannot be bounded: ${features.join(', ')}. An organisation admin can price it; leave it out until then.`;
}

interface Prepared {
  readonly request: ModelRequest;
  readonly flight: Flight;
  readonly requestId: string;
}

async function prepare(deps: CallDeps, { request, flight, requestId }: Prepared): Promise<CallMoney> {
  const { caller, exchange } = flight;
  await deps.calls.settled(caller.taskId);
  return {
    rowId: Buffer.from(deps.random(15)).toString('base64url'),
    requestId,
    caller,
    payer: await payerOf(deps, caller),
    price: priceFor(deps, request.head.model),
    request,
    shared: deps.recent.shared(caller.taskId, request),
    signal: exchange.signal,
  };
}

async function payerOf(deps: CallDeps, caller: Caller) {
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

/** Aborts `target` with the first of these; the answer unlinks it again, since some of them live long. */
export function linkSignals(target: AbortController, signals: readonly AbortSignal[]): () => void {
  const links = signals.map((signal) => {
    const abort = () => target.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  });
  return () => {
    for (const unlink of links) unlink();
  };
}

function tooManyCalls(): RefusedCall {
  return new RefusedCall({
    status: 429,
    type: 'rate_limit_error',
    message: 'This job has as many model calls in flight as it may. Try again when one has ended.',
    retry: 5,
  });
}
