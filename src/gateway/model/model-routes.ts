/** The model side of the gateway: what a sandbox, or a standalone client, reaches under `/v1`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { redact } from '../../result/scan-text.ts';
import { pathOf } from '../path-of.ts';
import type { NodeApp } from '../server.ts';
import { StoredChunks } from '../transcript/stored-chunks.ts';
import { RefusedCall, writeRefusal } from './anthropic-error.ts';
import { authenticate } from './authenticate.ts';
import { CallsInFlight } from './calls-in-flight.ts';
import type { ClientCall } from './client-call.ts';
import { type CallDeps, postMessages } from './messages-route.ts';
import type { ModelDeps } from './model-deps.ts';
import { passThrough } from './passthrough-route.ts';
import { PreviousRequests } from './previous-requests.ts';
import { MessageMemo } from './read-message.ts';
import { RecentCalls } from './recent-calls.ts';
import { rememberingClean } from './scrub-strings.ts';
import { WaitLine } from './wait-line.ts';

/** The app, and what must be closed with it: `close` cuts calls in flight and waits until they are settled. */
export interface ModelRoutes {
  readonly app: NodeApp;
  close(): Promise<void>;
}

const REMEMBERED_MESSAGES = 20_000;

/** Builds the routes. */
export function modelRoutes(given: ModelDeps): ModelRoutes {
  const calls = new CallsInFlight(given);
  const scrub = rememberingClean((text) => given.scrub(redact(text)));
  const deps: CallDeps = {
    ...given,
    calls,
    line: new WaitLine(given.clock),
    recent: new RecentCalls(),
    stored: new StoredChunks(REMEMBERED_MESSAGES),
    scrub,
    exactScrub: given.scrub,
    reading: {
      memo: new MessageMemo(REMEMBERED_MESSAGES),
      heads: new Map(),
      previous: new PreviousRequests(),
      scrub,
    },
  };
  return {
    app: { handle: (incoming, outgoing) => void handle(deps, incoming, outgoing) },
    close: () => calls.close(),
  };
}

async function handle(deps: CallDeps, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const requestId = `req_gbx${Buffer.from(deps.random(12)).toString('hex')}`;
  try {
    const caller = await authenticate(deps, incoming);
    await routeOf(incoming)(deps, { incoming, outgoing, caller, requestId });
  } catch (error) {
    if (!(error instanceof RefusedCall)) deps.log.error({ err: error }, 'model call failed on our side');
    // what has begun cannot be refused any more: it must look cut
    if (outgoing.headersSent) outgoing.destroy();
    else writeRefusal(outgoing, error instanceof RefusedCall ? error.refusal : OUR_FAULT, requestId);
  }
}

type Route = (deps: CallDeps, call: ClientCall) => Promise<void>;

const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['POST /v1/messages', postMessages],
  ['POST /v1/messages/count_tokens', passThrough],
  ['GET /v1/models', passThrough],
]);

function routeOf({ method, url }: IncomingMessage): Route {
  const path = pathOf(url);
  const route = ROUTES.get(`${method} ${path}`);
  if (route !== undefined) return route;
  if (method === 'GET' && /^\/v1\/models\/[^/]+$/.test(path)) return passThrough;
  throw new RefusedCall(NOT_SERVED);
}

const NOT_SERVED = {
  status: 404,
  type: 'not_found_error',
  message: 'The gateway serves /v1/messages, /v1/messages/count_tokens and /v1/models only.',
  retry: false,
} as const;

const OUR_FAULT = {
  status: 503,
  type: 'api_error',
  message: 'The gateway failed; the operator has the reason. Try again.',
  retry: 5,
} as const;
