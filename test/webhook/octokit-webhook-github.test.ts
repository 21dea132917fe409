/** The stage's adapters against the emulated GitHub: permissions, reactions, comments, files, deliveries, and its bad days. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GithubClients } from '../../src/cmd/github-clients.ts';
import { REPO_CONFIG_PATH } from '../../src/config/repo-config.ts';
import type { RepoRef } from '../../src/task/task.ts';
import { octokitSweepGitHub } from '../../src/webhook/octokit-sweep-github.ts';
import { octokitWebhookGitHub } from '../../src/webhook/octokit-webhook-github.ts';
import { hostClients } from '../fixtures/host-clients.ts';
import { secondaryRateLimit, serverError } from '../github-host/faults.ts';
import { type GithubHost, startGithubHost } from '../github-host/github-host.ts';

const FILE = "checks: [{ run: npm test, report: { format: tap, path: '-' } }]\n";

describe('the webhook stage’s GitHub adapters', () => {
  let host: GithubHost;
  let clients: GithubClients;
  let clock: RepoRef;
  const github = () => octokitWebhookGitHub(clients.installation(host.app.installationId));
  const repoRef = (repo: string): RepoRef => ({
    installationId: host.app.installationId,
    repositoryId: host.repositoryId(repo),
    owner: 'octo-org',
    repo,
    private: false,
  });

  beforeAll(async () => {
    host = await startGithubHost({
      repositories: [
        {
          name: 'clock',
          files: [
            { path: 'README.md', content: 'clock' },
            { path: REPO_CONFIG_PATH, content: FILE },
          ],
        },
        { name: 'bare', files: [{ path: 'README.md', content: 'bare' }] },
        { name: 'empty' },
        { name: '.github', files: [{ path: REPO_CONFIG_PATH, content: '# shared\n' }] },
      ],
    });
    clients = hostClients(host);
    clock = repoRef('clock');
  });
  afterEach(() => {
    host.faults.clear();
    host.suspend(false);
  });
  afterAll(async () => {
    expect(host.violations).toEqual([]);
    await host.close();
  });

  it.each([
    ['octo-admin', 'admin', 'admin'],
    ['octocat', 'write', 'write'],
    ['octo-triage', 'read', 'triage'],
    ['octo-outsider', 'read', 'read'],
  ])('INC-11: gives %s as permission %s, role %s', async (login, permission, roleName) => {
    const answer = await github().permissionOf(clock, login);
    expect(answer).toMatchObject({ permission, roleName });
    expect(answer?.userId).toBe(host.state.store.users.findOneBy('login', login)?.id);
  });

  it('answers null for somebody whom GitHub does not know', async () => {
    expect(await github().permissionOf(clock, 'nobody-of-that-name')).toBeNull();
  });

  it('reacts once, however often it is asked', async () => {
    const number = await host.people.openIssue({ repository: 'clock', as: 'writer', title: 'a', body: 'b' });
    await github().reactWithEyes(clock, number);
    await github().reactWithEyes(clock, number);
    expect(host.state.reactions.filter(({ content }) => content === 'eyes')).toHaveLength(1);
  });

  it('lists an issue’s newest comments, oldest first, with their accounts and times', async () => {
    const number = await host.people.openIssue({ repository: 'clock', as: 'writer', title: 'a', body: 'b' });
    for (const body of ['one', 'two', 'three']) {
      await host.people.comment(
        { repository: 'clock', number, as: body === 'two' ? 'outsider' : 'writer' },
        body,
      );
    }
    const comments = await github().listComments(clock, number, 2);
    expect(comments.map(({ login, body, userType }) => ({ login, body, userType }))).toEqual([
      { login: 'octo-outsider', body: 'two', userType: 'User' },
      { login: 'octocat', body: 'three', userType: 'User' },
    ]);
    expect(comments[0]?.updatedAt).toBeInstanceOf(Date);
    expect(await github().listComments(clock, number, 50)).toHaveLength(3);
  });

  it('reads the default branch’s head and tree, and the file of exactly that commit', async () => {
    const base = await github().readDefaultBranch(clock);
    expect(base).toMatchObject({ ref: 'main', sha: expect.stringMatching(/^[0-9a-f]{40}$/) });
    expect(base?.treeSha).not.toBe(base?.sha);
    expect(await github().readFileAt(clock, REPO_CONFIG_PATH, base?.sha ?? '')).toBe(FILE);
    host.people.push({
      repository: 'clock',
      as: 'writer',
      branch: 'main',
      files: [{ path: REPO_CONFIG_PATH, content: 'changed' }],
    });
    expect(await github().readFileAt(clock, REPO_CONFIG_PATH, base?.sha ?? '')).toBe(FILE);
  });

  it('gives null for a missing file, the organisation’s file where there is one, and null for an empty repository', async () => {
    const bare = repoRef('bare');
    const base = await github().readDefaultBranch(bare);
    expect(await github().readFileAt(bare, REPO_CONFIG_PATH, base?.sha ?? '')).toBeNull();
    expect(await github().readOrganisationFile(bare, REPO_CONFIG_PATH)).toBe('# shared\n');
    expect(await github().readOrganisationFile(bare, 'other.yml')).toBeNull();
    expect(await github().readDefaultBranch(repoRef('empty'))).toBeNull();
  });

  it.each([
    ['a 5xx', () => serverError(/contents/)],
    ['a secondary rate limit', () => secondaryRateLimit(/contents/, 30)],
  ])('never takes %s for a missing file', async (_word, fault) => {
    host.faults.add(fault());
    const attempt = github().readFileAt(clock, REPO_CONFIG_PATH, 'main');
    await expect(attempt).rejects.toMatchObject({ code: 'github-unavailable', retry: true });
  });

  it('knows an App’s bot account by its slug, and no user who is called so', async () => {
    const { data } = await clients.app.request('GET /app');
    expect(await github().botOf(data?.slug ?? '')).toEqual(expect.any(Number));
    expect(await github().botOf('no-such-app')).toBeNull();
  });

  it('says that the installation is suspended', async () => {
    host.suspend(true);
    const fresh = hostClients(host);
    const attempt = octokitWebhookGitHub(fresh.installation(host.app.installationId)).permissionOf(
      clock,
      'octocat',
    );
    await expect(attempt).rejects.toMatchObject({ code: 'installation-suspended' });
  });

  it('lists failed deliveries with their payloads, and labelled issues with who labelled them when', async () => {
    const sweep = octokitSweepGitHub({
      app: clients.app,
      installation: async (id) => clients.installation(id),
    });
    const since = new Date(Date.now() - 60_000);
    const number = await host.people.openIssue({
      repository: 'clock',
      as: 'outsider',
      title: 'lost',
      body: 'b',
    });
    await host.people.label({ repository: 'clock', number, as: 'writer' }, 'agent');
    await host.webhooks.settled();
    const failed = (await sweep.listDeliveries(since, null)).deliveries.find(
      ({ action }) => action === 'labeled',
    );
    expect(failed).toMatchObject({ event: 'issues', ok: false });
    expect(await sweep.readDeliveryPayload(failed?.id ?? 0)).toMatchObject({
      issue: { number },
      label: { name: 'agent' },
    });
    const labelled = await sweep.listLabelledIssues('agent', () => since);
    expect(labelled.failed).toEqual([]);
    expect(labelled.issues).toMatchObject([
      { issueNumber: number, repo: { owner: 'octo-org', repo: 'clock' }, labelledBy: { login: 'octocat' } },
    ]);
  });

  it('lists the labelled issues of the other repositories where one refuses, and throws where GitHub is away', async () => {
    const sweep = octokitSweepGitHub({
      app: clients.app,
      installation: async (id) => clients.installation(id),
    });
    const since = new Date(Date.now() - 60_000);
    const issue = { repository: 'clock', as: 'outsider', title: 'beside', body: 'b' } as const;
    const number = await host.people.openIssue(issue);
    await host.people.label({ repository: 'clock', number, as: 'writer' }, 'agent');
    host.faults.add({ path: /\/repos\/octo-org\/bare\/issues$/, status: 451 });
    const { issues, failed } = await sweep.listLabelledIssues('agent', () => since);
    expect(issues.map(({ issueNumber }) => issueNumber)).toContain(number);
    expect(failed).toMatchObject([
      { place: { repositoryId: host.repositoryId('bare') }, error: { code: 'github-refused' } },
    ]);
    host.faults.add({ path: /\/issues$/, status: 503, times: 9 });
    await expect(sweep.listLabelledIssues('agent', () => since)).rejects.toMatchObject({
      code: 'github-unavailable',
    });
  });
});
