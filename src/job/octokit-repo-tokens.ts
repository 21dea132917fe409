/**
 * Short-lived tokens for a job's fetch phase: one repository, `contents: read`. Minted by the App, handed to the gateway
 * encrypted, revoked as the phase closes; no sandbox ever holds one.
 */
import type { ProbotOctokit } from 'probot';
import { callGithub, githubStatus } from '../shared/github-error.ts';
import type { RepoRef } from '../task/task.ts';

type Octokit = InstanceType<typeof ProbotOctokit>;

/** `app` is authenticated as the App itself; `withToken` builds a client that holds nothing but the given token. */
export interface RepoTokenClients {
  readonly app: Octokit;
  readonly withToken: (token: string) => Octokit;
}

/** Mints and revokes; errors as `callGithub`. */
export function octokitRepoTokens(clients: RepoTokenClients) {
  return {
    async mint(repo: RepoRef): Promise<string> {
      const answer = await callGithub('mint a token', () =>
        clients.app.request('POST /app/installations/{installation_id}/access_tokens', {
          installation_id: repo.installationId,
          repository_ids: [repo.repositoryId],
          permissions: { contents: 'read' },
        }),
      );
      return answer.data.token;
    },
    /** A token that is not known any more counts as revoked. */
    async revoke(token: string): Promise<void> {
      try {
        await clients.withToken(token).request('DELETE /installation/token');
      } catch (error) {
        const status = githubStatus(error);
        if (status === 401 || status === 404) return;
        await callGithub('revoke a token', () => Promise.reject(error));
      }
    },
  };
}
