/** GitHub's clients of one process: as the App, as an installation, with nothing but a given token, or as nobody. */
import { ProbotOctokit } from 'probot';
import type { Log } from '../shared/log.ts';

/** Octokit with the plugins that Probot brings. */
export type Octokit = InstanceType<typeof ProbotOctokit>;

export interface GithubClientOptions {
  readonly appId: number;
  readonly privateKey: string;
  readonly apiUrl: string;
  readonly log: Log;
  /** False only against an emulator: GitHub asks for a second between writes, three between notifying ones. */
  readonly throttle: boolean;
  /** Each call's time limit; a lease must outlive it. */
  readonly timeoutMs: number;
}

export interface GithubClients {
  readonly app: Octokit;
  installation(installationId: number): Octokit;
  withToken(token: string): Octokit;
  anonymous(): Octokit;
}

/** Builds the clients; installations share one each, so that tokens are cached and writes are spaced. */
export function createGithubClients(options: GithubClientOptions): GithubClients {
  const Client = clientClass(options);
  const { appId, privateKey } = options;
  const installations = new Map<number, Octokit>();
  return {
    app: timed(new Client({ auth: { appId, privateKey } }), options.timeoutMs),
    installation(installationId) {
      const known = installations.get(installationId);
      if (known) return known;
      const made = timed(new Client({ auth: { appId, privateKey, installationId } }), options.timeoutMs);
      installations.set(installationId, made);
      return made;
    },
    withToken: (token) => timed(new Client({ auth: { token } }), options.timeoutMs),
    anonymous: () => timed(new Client(), options.timeoutMs),
  };
}

/**
 * No retries inside the client: a POST that was answered 502 may have been done, and only the intent rows know. The
 * function form of `defaults` is the one that keeps throttling's switch.
 */
function clientClass({ apiUrl, throttle, log }: GithubClientOptions) {
  const silent = (message: string): void => log.debug({ message }, 'octokit');
  return ProbotOctokit.defaults((given: object) => ({
    ...given,
    baseUrl: apiUrl,
    throttle: {
      enabled: throttle,
      onRateLimit: () => false,
      onSecondaryRateLimit: () => false,
    },
    retry: { enabled: false },
    log: { debug: silent, info: silent, warn: silent, error: silent },
  }));
}

function timed(octokit: Octokit, timeoutMs: number): Octokit {
  octokit.hook.before('request', (request) => {
    request.request = { ...request.request, signal: AbortSignal.timeout(timeoutMs) };
  });
  return octokit;
}
