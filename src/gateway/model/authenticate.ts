/**
 * Who calls: the token from `Authorization: Bearer` or `x-api-key`, proven by the identity adapter, and only in phase
 * work. Every refusal looks the same to the caller; the reason goes to the audit or the log.
 */
import type { MiddlewareHandler } from 'hono';
import type { Caller } from '../identity.ts';
import { LEDGER_UNAVAILABLE, RefusedCall, UNAUTHENTICATED } from './anthropic-error.ts';
import type { ModelDeps } from './model-deps.ts';

/** What the middlewares hand on. */
export interface ModelEnv {
  Variables: { requestId: string; caller: Caller };
}

/** Sets `caller`, or throws a refusal. */
export function authenticate(deps: ModelDeps): MiddlewareHandler<ModelEnv> {
  return async (c, next) => {
    const token = tokenOf(c.req.header('authorization'), c.req.header('x-api-key'));
    const caller = token === null ? null : await identify(deps, token);
    if (caller === null) throw new RefusedCall(UNAUTHENTICATED);
    if (caller.phase !== 'work') {
      deps.log.warn({ job: caller.jobName, phase: caller.phase }, 'model call outside phase work refused');
      await deps.audit(caller.taskId, {
        type: 'gateway.refused',
        data: { job: caller.jobName, path: c.req.path, reason: `phase-${caller.phase}` },
      });
      throw new RefusedCall(UNAUTHENTICATED);
    }
    c.set('caller', caller);
    await next();
  };
}

async function identify(deps: ModelDeps, token: string): Promise<Caller | null> {
  try {
    const identified = await deps.identity.identify(token);
    if (identified.ok) return identified.caller;
    deps.log.info({ reason: identified.reason }, 'token refused');
    return null;
  } catch (error) {
    deps.log.error({ err: error }, 'identity cannot be checked');
    throw new RefusedCall({
      ...LEDGER_UNAVAILABLE,
      message: 'Nobody can say whose token this is. Try again.',
    });
  }
}

/** A client may send both headers; then they must agree. */
function tokenOf(authorization: string | undefined, apiKey: string | undefined): string | null {
  const bearer = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) return null;
  return bearer ?? apiKey ?? null;
}
