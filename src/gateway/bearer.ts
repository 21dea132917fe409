/** Takes the phase token from a request's `Authorization: Bearer` and proves whose it is. */
import type { Caller, Identity } from './identity.ts';
import { Refusal } from './refusal.ts';

const MAX_TOKEN = 8_192;

/** The token, or null where the header is missing or of another scheme (RFC 6750, section 2.1). */
function bearerToken(headers: Headers): string | null {
  const token = /^Bearer ([\x21-\x7e]+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  return token !== undefined && token.length <= MAX_TOKEN ? token : null;
}

/** The proven caller; `from` is the address of the call. Errors: `Refusal` `unauthenticated`; whatever else the identity throws. */
export async function authenticate(identity: Identity, headers: Headers, from?: string): Promise<Caller> {
  const token = bearerToken(headers);
  if (token === null) throw new Refusal('unauthenticated', 'token-missing');
  const identified = await identity.identify(token, from);
  if (!identified.ok) {
    throw new Refusal('unauthenticated', identified.reason, { target: identified.target ?? null });
  }
  return identified.caller;
}
