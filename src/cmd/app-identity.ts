/** Who our App is on GitHub: asked once at the start, so that its own events and comments are known by number. */
import { GloveboxError } from '../shared/errors.ts';
import { callGithub } from '../shared/github-error.ts';
import type { GithubClients, Octokit } from './github-clients.ts';

/** The App's id, and the numeric id of its bot account. Errors: `github-unavailable`, `github-refused`, `app-invalid`. */
export async function readAppIdentity(
  github: GithubClients,
): Promise<{ readonly id: number; readonly botUserId: number }> {
  const app = await callGithub('read our App', () => github.app.request('GET /app'));
  if (!app.data?.slug) {
    throw new GloveboxError({
      code: 'app-invalid',
      message:
        'GitHub does not know our App by its key: expected GITHUB_APP_ID and GITHUB_PRIVATE_KEY of one App. Check both.',
    });
  }
  const asker = await accountReader(github);
  const username = `${app.data.slug}[bot]`;
  const user = await callGithub('read our bot account', () =>
    asker.request('GET /users/{username}', { username }),
  );
  return { id: Number(app.data.id), botUserId: Number(user.data.id) };
}

/** Accounts are not read as the App itself: any installation will do, and before the first one nobody in particular. */
async function accountReader(github: GithubClients): Promise<Octokit> {
  const listed = await callGithub('list installations', () =>
    github.app.request('GET /app/installations', { per_page: 1 }),
  );
  const [first] = listed.data;
  return first ? github.installation(Number(first.id)) : github.anonymous();
}
