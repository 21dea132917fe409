/** The model side of the gateway: what a sandbox, or a standalone client, reaches under `/v1`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { redact, redactInSteps } from '../../result/scan-text.ts';
import { createByteBudget } from '../byte-budget.ts';
import type { Caller } from '../identity.ts';
import { pathOf } from '../path-of.ts';
import type { NodeApp } from '../server.ts';
import { StoredChunks } from '../transcript/stored-chunks.ts';
import { RefusedCall, unauthenticated, writeRefusal } from './anthropic-error.ts';
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
import { SizedMemo } from './sized-memo.ts';
import { Slices } from './slices.ts';
import { WaitLine } from './wait-line.ts';

/** The app, and what must be closed with it: `close` cuts calls in flight and waits until they are settled. */
export interface ModelRoutes {
  readonly app: NodeApp;
  close(): Promise<void>;
}

const REMEMBERED_MESSAGES = 20_000;
const REMEMBERED_BYTES = 64 * 1024 * 1024;
const REMEMBERED_HEADS = { maxEntries: 500, maxSize: 16 * 1024 * 1024 };

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
      memo: new MessageMemo({ maxEntries: REMEMBERED_MESSAGES, maxSize: REMEMBERED_BYTES }),
      heads: new SizedMemo(REMEMBERED_HEADS),
      previous: new PreviousRequests(),
      scrub,
      *scrubInSteps(text) {
        return given.scrub(yield* redactInSteps(text));
      },
    },
    slices: new Slices(),
    newBytes: createByteBudget(given.clock, given.limits.newBytes),
  };
  return {
    app: { handle: (incoming, outgoing) => void handle(deps, incoming, outgoing) },
    close: () => calls.close(),
  };
}

async function handle(deps: CallDeps, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const requestId = `req_gbx${Buffer.from(deps.random(12)).toString('hex')}`;
  let caller: Caller | null = null;
  try {
    caller = await authenticate(deps, incoming);
    if (caller.phase !== 'work') throw unauthenticated(`phase-${caller.phase}`);
    await routeOf(incoming)(deps, { incoming, outgoing, caller, requestId });
  } catch (error) {
    await refuse(deps, { incoming, outgoing, caller, requestId }, error);
  }
}

async function refuse(
  deps: CallDeps,
  { incoming, outgoing, caller, requestId }: Omit<ClientCall, 'caller'> & { readonly caller: Caller | null },
  error: unknown,
): Promise<void> {
  const refused = error instanceof RefusedCall ? error : null;
  if (!refused) deps.log.error({ err: error }, 'model call failed on our side');
  if (refused?.token) await deps.recordRefusal({ caller, path: pathOf(incoming.url), ...refused.token });
  // what has begun cannot be refused any more: it must look cut
  if (outgoing.headersSent) outgoing.destroy();
  else writeRefusal(outgoing, refused?.refusal ?? OUR_FAULT, requestId);
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
