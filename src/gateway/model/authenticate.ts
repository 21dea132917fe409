/**
 * Who calls: the token from `Authorization: Bearer` or `x-api-key`, proven by the identity adapter, and only in phase
 * work. Every refusal looks the same to the caller; the reason goes to the audit or the log.
 */
import type { IncomingMessage } from 'node:http';
import type { Caller } from '../identity.ts';
import { pathOf } from '../path-of.ts';
import { LEDGER_UNAVAILABLE, RefusedCall, UNAUTHENTICATED } from './anthropic-error.ts';
import type { ModelDeps } from './model-deps.ts';

/** The proven caller. Throws `RefusedCall`. */
export async function authenticate(
  deps: Pick<ModelDeps, 'identity' | 'audit' | 'log'>,
  { headers, url }: Pick<IncomingMessage, 'headers' | 'url'>,
): Promise<Caller> {
  const token = tokenOf(headers.authorization, headers['x-api-key']);
  const caller = token === null ? null : await identify(deps, token);
  if (caller === null) throw new RefusedCall(UNAUTHENTICATED);
  if (caller.phase !== 'work') {
    deps.log.warn({ job: caller.jobName, phase: caller.phase }, 'model call outside phase work refused');
    await deps.audit(caller.taskId, {
      type: 'gateway.refused',
      data: { job: caller.jobName, path: pathOf(url), reason: `phase-${caller.phase}` },
    });
    throw new RefusedCall(UNAUTHENTICATED);
  }
  return caller;
}

async function identify(deps: Pick<ModelDeps, 'identity' | 'log'>, token: string): Promise<Caller | null> {
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
function tokenOf(
  authorization: string | undefined,
  apiKey: string | readonly string[] | undefined,
): string | null {
  const bearer = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) return null;
  return bearer ?? (typeof apiKey === 'string' ? apiKey : null);
}
