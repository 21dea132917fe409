/** Every request of ours is held against GitHub's own description: what strays from it is a violation, and nothing else is. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostWithBranch, openPull, REPO } from '../fixtures/clock-on-host.ts';
import { type Answer, ask } from '../github-host/app-client.ts';
import type { GithubHost } from '../github-host/github-host.ts';

let host: GithubHost;
let token: string;

beforeEach(async () => {
  ({ host, token } = await hostWithBranch());
});

afterEach(() => host.close());

const api = (route: string, body?: unknown): Promise<Answer> => ask(host, route, { token, body });

describe('what our product asks', () => {
  it.each([
    ['an unknown path', 'GET /repos/octo-org/clock/nothing', undefined],
    ['an unknown query parameter', `GET ${REPO}/issues?colour=red`, undefined],
    ['an unknown body property', `POST ${REPO}/issues/1/reactions`, { content: 'eyes', extra: 1 }],
    ['a wrong type', `POST ${REPO}/issues/1/comments`, { body: 7 }],
    ['a missing property', `POST ${REPO}/git/commits`, { message: 'm' }],
    ['a wrong value', `POST ${REPO}/issues/1/reactions`, { content: 'smile' }],
    ['a body that is missing', `POST ${REPO}/git/trees`, undefined],
  ])('is a violation with %s', async (_what, route, body) => {
    await api(route, body);
    expect(host.violations).toHaveLength(1);
  });

  it('is no violation where GitHub describes it, and is counted by kind', async () => {
    const number = await host.people.openIssue({ repository: 'clock', as: 'writer', title: 't', body: 'b' });
    await api(`POST ${REPO}/issues/${number}/reactions`, { content: 'eyes' });
    await api(`POST ${REPO}/issues/${number}/comments`, { body: 'Accepted' });
    await api(`PATCH ${REPO}/issues/comments/1`, { body: 'Running' });
    await openPull(api);
    await api(`PATCH ${REPO}/issues/${number + 1}`, { labels: ['agent'], assignees: ['octocat'] });
    expect(host.violations).toEqual([]);
    expect(host.githubCalls()).toEqual({ content: 4, edit: 1, git: 0, read: 0, token: 1 });
  });
});
