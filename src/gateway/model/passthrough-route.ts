/** `count_tokens` and the model list: free calls that pass through with the same identity, bounds and headers. */
import type { Context } from 'hono';
import { LEDGER_UNAVAILABLE, RefusedCall, UNAUTHENTICATED } from './anthropic-error.ts';
import type { ModelEnv } from './authenticate.ts';
import { type CallDeps, linkSignals, parseBody } from './messages-route.ts';
import { answerHeaders, requestHeaders } from './pass-headers.ts';
import { passRefusal } from './pass-refusal.ts';
import { readBody } from './read-body.ts';
import { rewriteBody } from './read-request.ts';
import { relay } from './relay.ts';

/** Passes a free call on. Throws `RefusedCall`. */
export async function passThrough(deps: CallDeps, c: Context<ModelEnv>): Promise<Response> {
  const closing = deps.closings.signalFor(c.get('caller').jobName);
  await refuseClosed(deps, c);
  const exchange = new AbortController();
  const unlink = linkSignals(exchange, [closing, c.req.raw.signal, deps.calls.closing]);
  try {
    const answer = await sendOn(deps, c, exchange.signal);
    if (answer.status >= 300) return await passRefusal(deps, answer);
    const body = relay(
      { body: answer.body, exchange, clientIdleMs: deps.limits.clientIdleMs },
      { seen: () => {}, ended: async () => unlink() },
    );
    return new Response(body, { status: answer.status, headers: answerHeaders(answer.headers) });
  } catch (error) {
    unlink();
    throw error;
  }
}

async function refuseClosed(deps: CallDeps, c: Context<ModelEnv>): Promise<void> {
  let phase: 'open' | 'closed';
  try {
    phase = await deps.db.transaction().execute((trx) => deps.checkPhase(trx, c.get('caller')));
  } catch (error) {
    deps.log.error({ err: error }, 'phase cannot be read');
    throw new RefusedCall(LEDGER_UNAVAILABLE);
  }
  if (phase === 'closed') throw new RefusedCall(UNAUTHENTICATED);
}

async function sendOn(deps: CallDeps, c: Context<ModelEnv>, signal: AbortSignal) {
  const { pathname, search } = new URL(c.req.url);
  const path = pathname + search;
  if (c.req.method === 'GET') {
    return send(
      deps,
      { method: 'GET', path, headers: requestHeaders(c.req.raw.headers, null), body: null },
      signal,
    );
  }
  const held = await readBody(deps, c.req.raw);
  try {
    const body = rewriteBody(parseBody(deps, held.bytes, { betas: undefined, hasOutput: false }), 0);
    const headers = requestHeaders(c.req.raw.headers, body.length);
    return await send(deps, { method: 'POST', path, headers, body }, signal);
  } finally {
    held.free();
  }
}

async function send(
  deps: CallDeps,
  request: Parameters<CallDeps['upstream']['send']>[0],
  signal: AbortSignal,
) {
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
