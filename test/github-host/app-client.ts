/** A small client of the App for suites of the host itself: signs its JWT, mints tokens, asks. Not our product's client. */
import { createSign } from 'node:crypto';
import { z } from 'zod';
import type { GithubHost } from './github-host.ts';

/** An answer, parsed. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly data: unknown;
}

const Minted = z.object({ token: z.string() });

/** The App's JWT, good for nine minutes. */
export function appJwt(
  host: GithubHost,
  changes: { readonly iss?: number; readonly key?: string } = {},
): string {
  const nowS = Math.floor(Date.now() / 1_000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iat: nowS - 60, exp: nowS + 540, iss: changes.iss ?? host.app.id };
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  const signature = createSign('RSA-SHA256')
    .update(signed)
    .sign(changes.key ?? host.app.privateKey);
  return `${signed}.${signature.toString('base64url')}`;
}

/** Asks with a token; `route` is `METHOD /path`. */
export async function ask(
  host: GithubHost,
  route: string,
  options: { readonly token?: string; readonly body?: unknown; readonly accept?: string } = {},
): Promise<Answer> {
  const [method = 'GET', path = '/'] = route.split(' ');
  const headers = new Headers({ accept: options.accept ?? 'application/vnd.github+json' });
  if (options.token !== undefined) headers.set('authorization', `Bearer ${options.token}`);
  if (options.body !== undefined) headers.set('content-type', 'application/json');
  const body = options.body === undefined ? null : JSON.stringify(options.body);
  const answer = await fetch(`${host.url}${path}`, { method, headers, body });
  const text = await answer.text();
  const json = answer.headers.get('content-type')?.includes('application/json') === true && text.length > 0;
  return { status: answer.status, headers: answer.headers, data: json ? JSON.parse(text) : text };
}

/** An installation token, for all repositories and permissions unless narrowed. */
export async function mint(host: GithubHost, body: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const route = `POST /app/installations/${host.app.installationId}/access_tokens`;
  const answer = await ask(host, route, { token: appJwt(host), body });
  return Minted.parse(answer.data).token;
}
