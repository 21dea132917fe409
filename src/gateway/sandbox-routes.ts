/**
 * The sandbox side of the gateway: every path of `gateway-api.ts` with the phases that it is open to. A call is
 * authenticated before anything of it is read, and every refusal is recorded with its reason.
 */
import { Hono } from 'hono';
import { GATEWAY_PATHS } from '../result/contract/gateway-api.ts';
import type { Phase } from '../result/contract/phase-spec.ts';
import { hasCode } from '../shared/errors.ts';
import { authenticate } from './bearer.ts';
import { createByteBudget } from './byte-budget.ts';
import type { Caller } from './identity.ts';
import { limitInFlight } from './in-flight.ts';
import { apiError, Refusal } from './refusal.ts';
import type { Call, SandboxDeps } from './sandbox/call.ts';
import { handleChangeSet } from './sandbox/change-set.ts';
import { handleHeartbeat } from './sandbox/heartbeat.ts';
import { handleBaseResults, handleNewResults, handleSealed } from './sandbox/results.ts';
import { handleSeal } from './sandbox/seal.ts';
import { handleSpec } from './sandbox/spec.ts';

export type { SandboxDeps } from './sandbox/call.ts';

/** One path of the API. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly phases: readonly Phase[];
  handle(deps: SandboxDeps, call: Call): Promise<Response>;
}

const TALKING: readonly Phase[] = ['fetch', 'setup', 'work', 'deliver'];

const ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: GATEWAY_PATHS.spec, phases: TALKING, handle: handleSpec },
  { method: 'POST', path: GATEWAY_PATHS.heartbeat, phases: TALKING, handle: handleHeartbeat },
  { method: 'PUT', path: GATEWAY_PATHS.changeSet, phases: ['work'], handle: handleChangeSet },
  { method: 'POST', path: GATEWAY_PATHS.seal, phases: ['work'], handle: handleSeal },
  { method: 'PUT', path: GATEWAY_PATHS.baseResults, phases: ['deliver'], handle: handleBaseResults },
  { method: 'GET', path: GATEWAY_PATHS.sealed, phases: ['deliver'], handle: handleSealed },
  { method: 'PUT', path: GATEWAY_PATHS.newResults, phases: ['deliver'], handle: handleNewResults },
];

/** A phase calls one thing at a time, its heartbeat beside it; the rest is for repeats. */
const MAX_CALLS_PER_JOB = 4;

/** Three of the largest change sets at once, and one every ten seconds. */
const BYTE_BUDGET = { burstBytes: 84_000_000, bytesPerSecond: 2_800_000 } as const;

interface Env {
  /** What the server knows of the connection. */
  Bindings: { readonly remoteAddress?: string | undefined };
  Variables: { caller: Caller };
}

/** Builds the app for all paths but `/v1/` and `/healthz`; `extra` are further endpoints (the git read proxy). */
export function sandboxRoutes(deps: SandboxDeps, extra: readonly Endpoint[] = []): Hono<Env> {
  const app = new Hono<Env>();
  const inFlight = limitInFlight(MAX_CALLS_PER_JOB);
  const budget = createByteBudget(deps.clock, BYTE_BUDGET);
  app.use(async (context, next) => {
    context.set(
      'caller',
      await authenticate(deps.identity, context.req.raw.headers, context.env?.remoteAddress),
    );
    await next();
  });
  for (const endpoint of [...ENDPOINTS, ...extra]) {
    app.on(endpoint.method, endpoint.path, (context) => {
      const caller = context.get('caller');
      const { phase, jobName } = caller;
      if (!endpoint.phases.includes(phase)) {
        throw new Refusal('phase-closed', `path is not for phase ${phase}`);
      }
      budget.require(jobName);
      const onBytes = (bytes: number): void => budget.charge(jobName, bytes);
      return inFlight(jobName, () => endpoint.handle(deps, { caller, request: context.req.raw, onBytes }));
    });
    app.all(endpoint.path, () => {
      throw new Refusal('method-not-allowed', 'method');
    });
  }
  app.notFound(() => {
    throw new Refusal('not-found', 'path');
  });
  app.onError((error, context) =>
    answerError(deps, error, { caller: context.get('caller') ?? null, path: context.req.path }),
  );
  return app;
}

async function answerError(
  deps: SandboxDeps,
  error: Error,
  at: { readonly caller: Caller | null; readonly path: string },
): Promise<Response> {
  const refusal = refusalOf(error);
  if (refusal) {
    const { target, reason, detail } = refusal;
    await deps.recordRefusal({ ...at, target, reason, detail });
    return apiError(refusal.code);
  }
  deps.log.error({ err: error, path: at.path, job: at.caller?.jobName }, 'a call to the gateway failed');
  return apiError('unavailable');
}

function refusalOf(error: Error): Refusal | null {
  if (error instanceof Refusal) return error;
  if (hasCode(error, 'round-over')) return new Refusal('phase-closed', 'round-over');
  if (hasCode(error, 'identity-unavailable')) return new Refusal('unavailable', 'identity-unavailable');
  return null;
}
