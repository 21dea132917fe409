/**
 * Bounds one client's calls in time. A write waits its turn in the client (GitHub asks for a second between writes, three
 * between those that notify people) under a lease that will not wait for ever: what cannot be sent in time is refused
 * before it takes a turn, and the time limit of a call begins when it is sent.
 */
import type { ProbotOctokit } from 'probot';
import { GloveboxError } from '../shared/errors.ts';

/** Together under the lease of whoever calls. */
export interface CallBounds {
  /** From the request's start until it is sent: what comes later is not sent. */
  readonly waitMs: number;
  /** From there until its answer is read. GitHub itself gives up after 10 s. */
  readonly timeoutMs: number;
}

/** Bounds and spaces; `paced` says whether the client spaces its writes. */
export interface BoundOptions extends CallBounds {
  readonly paced: boolean;
}

type Fetch = typeof fetch;
type Hooked = Pick<InstanceType<typeof ProbotOctokit>, 'hook'>;

/** Bounds every call of this client. Errors of a call: `github-unavailable` where it was not sent. */
export function boundGithubCalls<Client extends Hooked>(
  octokit: Client,
  { waitMs, timeoutMs, paced }: BoundOptions,
): Client {
  let waitingMs = 0;
  octokit.hook.wrap('request', async (request, options) => {
    const turnMs = paced ? turnOf(options) : 0;
    if (waitingMs + turnMs > waitMs) throw unsent(waitMs);
    const until = performance.now() + waitMs;
    let late: GloveboxError | null = null;
    let taken = turnMs;
    waitingMs += taken;
    const leave = (): void => {
      waitingMs -= taken;
      taken = 0;
    };
    const send: Fetch = async (url, init) => {
      leave();
      if (performance.now() > until) {
        late = unsent(waitMs);
        throw late;
      }
      return fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    };
    options.request = { ...options.request, fetch: send };
    try {
      return await request(options);
    } catch (error) {
      throw late ?? error;
    } finally {
      leave();
    }
  });
  return octokit;
}

/** How long the client keeps the next write waiting for this one; tokens and reads take no turn. */
function turnOf({ method, url }: { readonly method: string; readonly url: string }): number {
  if (method === 'GET' || method === 'HEAD' || url.endsWith('/access_tokens')) return 0;
  return method === 'POST' && /\/(comments|pulls)$/.test(url) ? 3_000 : 1_000;
}

function unsent(waitMs: number): GloveboxError {
  return new GloveboxError({
    code: 'github-unavailable',
    message: `A call to GitHub was not sent: its turn did not come within ${waitMs / 1_000} s; it is made again later.`,
    retry: true,
  });
}
