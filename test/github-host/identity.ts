/** Who sends a request: the App by its JWT, an installation or a user by token, or nobody. Unknown tokens are nobody's. */
import { createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import type { TokenOwner } from './emulator.ts';

/** The sender of one request. `login` is how it shows in `host.requests`. */
export type Actor =
  | { readonly kind: 'anonymous'; readonly login: '' }
  | { readonly kind: 'app'; readonly login: string }
  | {
      readonly kind: 'installation';
      readonly login: string;
      readonly owner: NonNullable<TokenOwner['installation']>;
    }
  | { readonly kind: 'user'; readonly login: string }
  | { readonly kind: 'refused'; readonly login: ''; readonly message: string };

/** What identification needs to know. */
export interface IdentityParts {
  readonly tokens: ReadonlyMap<string, TokenOwner>;
  /** When each installation token ends, by token, in milliseconds. */
  readonly expiries: ReadonlyMap<string, number>;
  readonly app: { readonly id: number; readonly slug: string; readonly privateKey: string };
  readonly now: () => number;
}

const Claims = z.object({ iss: z.union([z.string(), z.number()]), iat: z.number(), exp: z.number() });

/** Identifies the value of an `Authorization` header: `Bearer`, `token`, or `Basic` with the token as password. */
export function identify(parts: IdentityParts, header: string | undefined): Actor {
  if (!header) return { kind: 'anonymous', login: '' };
  const token = readToken(header);
  if (token.split('.').length === 3) return identifyApp(parts, token);
  const owner = parts.tokens.get(token);
  const ends = parts.expiries.get(token);
  if (!owner || (ends !== undefined && ends <= parts.now())) return refused('Bad credentials');
  if (!owner.installation) return { kind: 'user', login: owner.login };
  return { kind: 'installation', login: `${parts.app.slug}[bot]`, owner: owner.installation };
}

/** The bare token of the header. */
export function readToken(header: string): string {
  const basic = /^basic\s+(.+)$/i.exec(header)?.[1];
  if (basic === undefined) return header.replace(/^(bearer|token)\s+/i, '').trim();
  const pair = Buffer.from(basic, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1) || pair.slice(0, pair.indexOf(':'));
}

function refused(message: string): Actor {
  return { kind: 'refused', login: '', message };
}

function identifyApp(parts: IdentityParts, jwt: string): Actor {
  const [head = '', body = '', signature = ''] = jwt.split('.');
  const good = verify(
    'RSA-SHA256',
    Buffer.from(`${head}.${body}`),
    createPublicKey(parts.app.privateKey),
    Buffer.from(signature, 'base64url'),
  );
  const claims = good ? Claims.safeParse(readJson(body)) : null;
  if (!claims?.success) return refused('A JSON web token could not be decoded');
  const nowS = parts.now() / 1_000;
  if (String(claims.data.iss) !== String(parts.app.id))
    return refused("'Issuer' claim ('iss') must be an Integer");
  if (claims.data.exp <= nowS)
    return refused("'Expiration time' claim ('exp') must be a numeric value in the future");
  if (claims.data.exp > nowS + 610)
    return refused("'Expiration time' claim ('exp') is too far in the future");
  return { kind: 'app', login: parts.app.slug };
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
