/**
 * Who calls: the token from `Authorization: Bearer` or `x-api-key`, proven by the identity adapter. Every
 * refusal looks the same to the caller; the reason goes to the audit.
 */
import type { IncomingMessage } from 'node:http';
import type { Caller, Identified } from '../identity.ts';
import { LEDGER_UNAVAILABLE, RefusedCall, unauthenticated } from './anthropic-error.ts';
import type { ModelDeps } from './model-deps.ts';

/** The proven caller, whatever its phase. Throws `RefusedCall`. */
export async function authenticate(
  deps: Pick<ModelDeps, 'identity' | 'log'>,
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
): Promise<Caller> {
  const token = tokenOf(headers.authorization, headers['x-api-key']);
  if (token === null) throw unauthenticated('token-missing');
  const identified = await identify(deps, token, socket.remoteAddress);
  if (identified.ok) return identified.caller;
  throw unauthenticated(identified.reason, identified.target);
}

async function identify(
  deps: Pick<ModelDeps, 'identity' | 'log'>,
  token: string,
  from: string | undefined,
): Promise<Identified> {
  try {
    return await deps.identity.identify(token, from);
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
