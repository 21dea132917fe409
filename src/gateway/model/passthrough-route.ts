/** `count_tokens` and the model list: free calls that pass through with the same identity, bounds and headers. */
import { targetOf } from '../path-of.ts';
import { LEDGER_UNAVAILABLE, RefusedCall, unauthenticated } from './anthropic-error.ts';
import type { ClientCall } from './client-call.ts';
import { type Flight, holdPlace } from './hold-place.ts';
import type { CallDeps } from './messages-route.ts';
import { parseBody, refuseTooMuchNew } from './parse-body.ts';
import { answerHeaders, requestHeaders } from './pass-headers.ts';
import { passRefusal } from './pass-refusal.ts';
import { readBody } from './read-body.ts';
import { relay } from './relay.ts';
import { rewriteBody } from './rewrite-body.ts';
import type { UpstreamAnswer, UpstreamRequest } from './upstream.ts';

/** Passes a free call on. Throws `RefusedCall`. */
export function passThrough(deps: CallDeps, client: ClientCall): Promise<void> {
  return holdPlace(deps, client, (flight) => pass(deps, flight));
}

async function pass(deps: CallDeps, flight: Flight): Promise<void> {
  const { client, exchange, over } = flight;
  const { outgoing } = client;
  await refuseClosed(deps, client);
  const answer = await sendOn(deps, flight);
  if (answer.status >= 300) {
    await passRefusal(deps, answer, outgoing);
    return over();
  }
  outgoing.writeHead(answer.status, answerHeaders(answer.headers));
  relay(
    { body: answer.body, outgoing, exchange, clientIdleMs: deps.limits.clientIdleMs },
    { seen: () => {}, ended: over },
  );
}

async function refuseClosed(deps: CallDeps, { caller }: ClientCall): Promise<void> {
  let phase: 'open' | 'closed';
  try {
    phase = await deps.db.transaction().execute((trx) => deps.checkPhase(trx, caller));
  } catch (error) {
    deps.log.error({ err: error }, 'phase cannot be read');
    throw new RefusedCall(LEDGER_UNAVAILABLE);
  }
  if (phase === 'closed') throw unauthenticated('phase-closed');
}

async function sendOn(deps: CallDeps, flight: Flight) {
  const { incoming } = flight.client;
  const { signal } = flight.exchange;
  const path = targetOf(incoming.url);
  if (incoming.method === 'GET') {
    const headers = requestHeaders(incoming.headers, null);
    return send(deps, { method: 'GET', path, headers, body: null }, signal);
  }
  refuseTooMuchNew(deps, flight.client.caller.jobName);
  const held = await readBody(deps, flight.client);
  try {
    const request = await parseBody(deps, flight, { bytes: held.bytes, betas: undefined, hasOutput: false });
    const body = rewriteBody(request, 0);
    const headers = requestHeaders(incoming.headers, body.length);
    return await send(deps, { method: 'POST', path, headers, body }, signal);
  } finally {
    held.free();
  }
}

async function send(deps: CallDeps, request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
  try {
    return await deps.upstream.send(request, signal);
  } catch (error) {
    deps.log.warn({ err: error }, 'upstream gave no answer');
    throw new RefusedCall({
      status: 502,
      type: 'api_error',
      message: 'The model gave no answer. Try again.',
      retry: 2,
    });
  }
}
