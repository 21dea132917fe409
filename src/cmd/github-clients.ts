/** GitHub's clients of one process: as the App, as an installation, with nothing but a given token, or as nobody. */
import { ProbotOctokit } from 'probot';
import type { Log } from '../shared/log.ts';
import { boundGithubCalls, type CallBounds } from './bound-github-calls.ts';

/** Octokit with the plugins that Probot brings. */
export type Octokit = InstanceType<typeof ProbotOctokit>;

export interface GithubClientOptions extends CallBounds {
  readonly appId: number;
  readonly privateKey: string;
  readonly apiUrl: string;
  readonly log: Log;
  /** False only against an emulator: GitHub asks for a second between writes, three between notifying ones. */
  readonly throttle: boolean;
}

export interface GithubClients {
  readonly app: Octokit;
  installation(installationId: number): Octokit;
  /** For one call in a token's own name, which waits for no other's. */
  withToken(token: string): Octokit;
  anonymous(): Octokit;
}

/** Builds the clients; installations share one each, so that tokens are cached and each installation's writes are spaced. */
export function createGithubClients(options: GithubClientOptions): GithubClients {
  const { appId, privateKey } = options;
  const installations = new Map<number, Octokit>();
  return {
    app: client(options, 'app', { appId, privateKey }),
    installation(installationId) {
      const known = installations.get(installationId);
      if (known) return known;
      const made = client(options, `installation ${installationId}`, { appId, privateKey, installationId });
      installations.set(installationId, made);
      return made;
    },
    withToken: (token) => client({ ...options, throttle: false }, 'token', { token }),
    anonymous: () => client({ ...options, throttle: false }, 'nobody', {}),
  };
}

/** Clients of one `line` wait for one another; GitHub counts writes by installation, so that is a line. */
function client(options: GithubClientOptions, line: string, auth: object): Octokit {
  const Client = clientClass(options, line);
  return boundGithubCalls(new Client({ auth }), { ...options, paced: options.throttle });
}

/**
 * No retries inside the client: a POST that was answered 502 may have been done, and only the intent rows know. The
 * function form of `defaults` is the one that keeps throttling's switch.
 */
function clientClass({ apiUrl, throttle, log }: GithubClientOptions, line: string) {
  const silent = (message: string): void => log.debug({ message }, 'octokit');
  return ProbotOctokit.defaults((given: object) => ({
    ...given,
    baseUrl: apiUrl,
    throttle: {
      enabled: throttle,
      id: line,
      onRateLimit: () => false,
      onSecondaryRateLimit: () => false,
    },
    retry: { enabled: false },
    log: { debug: silent, info: silent, warn: silent, error: silent },
  }));
}
