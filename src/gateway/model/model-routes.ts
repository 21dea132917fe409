/** The model side of the gateway as one Hono app: what a sandbox, or a standalone client, reaches under `/v1`. */
import { Hono } from 'hono';
import { redact } from '../../result/scan-text.ts';
import { StoredChunks } from '../transcript/record-call.ts';
import { RefusedCall, refusalResponse } from './anthropic-error.ts';
import { authenticate, type ModelEnv } from './authenticate.ts';
import { CallsInFlight } from './calls-in-flight.ts';
import { type CallDeps, postMessages } from './messages-route.ts';
import type { ModelDeps } from './model-deps.ts';
import { passThrough } from './passthrough-route.ts';
import { MessageMemo } from './read-message.ts';
import { RecentCalls } from './recent-calls.ts';
import { WaitLine } from './wait-line.ts';

/** The app, and what must be closed with it: `close` cuts calls in flight and waits until they are settled. */
export interface ModelRoutes {
  readonly app: Hono<ModelEnv>;
  close(): Promise<void>;
}

const REMEMBERED_MESSAGES = 20_000;

/** Builds the routes. */
export function modelRoutes(given: ModelDeps): ModelRoutes {
  const calls = new CallsInFlight(given);
  const scrub = (text: string) => given.scrub(redact(text));
  const deps: CallDeps = {
    ...given,
    calls,
    line: new WaitLine(given.clock),
    recent: new RecentCalls(),
    stored: new StoredChunks(REMEMBERED_MESSAGES),
    scrub,
    exactScrub: given.scrub,
    reading: { memo: new MessageMemo(REMEMBERED_MESSAGES), heads: new Map(), scrub },
  };
  return { app: buildApp(deps), close: () => calls.close() };
}

function buildApp(deps: CallDeps): Hono<ModelEnv> {
  const app = new Hono<ModelEnv>();
  app.use('*', async (c, next) => {
    c.set('requestId', `req_gbx${Buffer.from(deps.random(12)).toString('hex')}`);
    await next();
  });
  app.use('*', authenticate(deps));
  app.post('/v1/messages', (c) => postMessages(deps, c));
  app.post('/v1/messages/count_tokens', (c) => passThrough(deps, c));
  app.get('/v1/models', (c) => passThrough(deps, c));
  app.get('/v1/models/:id', (c) => passThrough(deps, c));
  app.notFound((c) => refusalResponse(NOT_SERVED, c.get('requestId')));
  app.onError((error, c) => {
    if (error instanceof RefusedCall) return refusalResponse(error.refusal, c.get('requestId'));
    deps.log.error({ err: error }, 'model call failed on our side');
    return refusalResponse(OUR_FAULT, c.get('requestId'));
  });
  return app;
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
