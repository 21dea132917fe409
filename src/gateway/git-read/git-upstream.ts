/** The one request that leaves for GitHub's git server, with the installation token that the sandbox never sees. */
import { GloveboxError } from '../../shared/errors.ts';
import { Refusal } from '../refusal.ts';

/** Where one fetch goes and what it carries. */
export interface PackRequest {
  readonly owner: string;
  readonly repo: string;
  readonly token: string;
  readonly body: Buffer;
  /** Cuts the call: the client left, the job was closed, or the time is over. */
  readonly signal: AbortSignal;
}

/** Asks for a pack; resolves with its bytes as they come. Errors: `Refusal` `unavailable`. */
export type FetchPack = (request: PackRequest) => Promise<ReadableStream<Uint8Array>>;

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/**
 * Builds the upstream over a base URL such as `https://github.com`. Redirects are not followed, since a renamed or moved
 * repository would take the token along. Error `git-upstream-invalid` for anything but HTTPS, loopback apart, unless
 * `allowPlain`: then whoever is on the way reads the token.
 */
export function createGitUpstream(deps: {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  readonly allowPlain?: boolean;
}): FetchPack {
  const base = requireSafeUrl(deps.baseUrl, deps.allowPlain ?? false);
  return async ({ owner, repo, token, body, signal }) => {
    if (![owner, repo].every(isName)) throw new Refusal('unavailable', 'git: repository name');
    const url = `${base}/${owner}/${repo}.git/git-upload-pack`;
    const response = await deps.fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal,
      headers: {
        'content-type': 'application/x-git-upload-pack-request',
        accept: 'application/x-git-upload-pack-result',
        'accept-encoding': 'identity',
        'git-protocol': 'version=2',
        authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
      },
      body: new Uint8Array(body),
    });
    if (response.status === 200 && isPack(response) && response.body) return response.body;
    await response.body?.cancel();
    throw new Refusal('unavailable', `git upstream answered ${response.status}`);
  };
}

/** What GitHub allows in names of accounts and repositories; never a path, a query or `..`. */
function isName(name: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(name) && !/^\.+$/.test(name);
}

function isPack(response: Response): boolean {
  return response.headers.get('content-type') === 'application/x-git-upload-pack-result';
}

function requireSafeUrl(baseUrl: string, allowPlain: boolean): string {
  const url = new URL(baseUrl);
  const mayBePlain = allowPlain || LOOPBACK.has(url.hostname);
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && mayBePlain);
  if (isSafe && url.username === '' && url.search === '') return url.href.replace(/\/+$/, '');
  throw new GloveboxError({
    code: 'git-upstream-invalid',
    message: `Invalid git server '${url.protocol}//${url.host}': expected an https address without credentials or query (http only on loopback). Change the address.`,
  });
}
