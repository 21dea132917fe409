/** Pull requests, check runs and comments of the emulated GitHub: its limits, and what follows from what. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BRANCH, hostWithBranch, openPull, REPO } from '../fixtures/clock-on-host.ts';
import { type Answer, ask } from '../github-host/app-client.ts';
import { secondaryRateLimit, serverError } from '../github-host/faults.ts';
import type { GithubHost } from '../github-host/github-host.ts';

let host: GithubHost;
let token: string;
let head: string;

beforeEach(async () => {
  ({ host, token, head } = await hostWithBranch());
});

afterEach(() => host.close());

const api = (route: string, body?: unknown): Promise<Answer> => ask(host, route, { token, body });
const Pull = z.looseObject({
  number: z.int(),
  node_id: z.string(),
  state: z.string(),
  draft: z.boolean(),
  head: z.looseObject({ sha: z.string() }),
});
type Pull = z.infer<typeof Pull>;
const readPull = async (number: number): Promise<Pull> =>
  Pull.parse((await api(`GET ${REPO}/pulls/${number}`)).data);

describe('pull requests', () => {
  it('follow their branch, and close when it is deleted', async () => {
    const { number } = Pull.parse((await openPull(api)).data);
    const next = host.people.push({
      repository: 'clock',
      as: 'writer',
      branch: BRANCH,
      files: [{ path: 'a', content: 'd' }],
    });
    expect((await readPull(number)).head.sha).toBe(next);
    await api(`DELETE ${REPO}/git/refs/heads/${BRANCH}`);
    expect((await readPull(number)).state).toBe('closed');
  });

  it('are one per head, need a head that exists and something to merge', async () => {
    expect((await openPull(api)).status).toBe(201);
    expect((await openPull(api)).status).toBe(422);
    const missing = { title: 'x', head: 'nowhere', base: 'main' };
    expect((await api(`POST ${REPO}/pulls`, missing)).status).toBe(422);
    expect((await api(`POST ${REPO}/pulls`, { ...missing, head: 'main' })).status).toBe(422);
  });

  it('may be drafts unless the plan has none, and become ready through GraphQL', async () => {
    host.rules.draftsRefused = true;
    expect((await openPull(api, true)).status).toBe(422);
    host.rules.draftsRefused = false;
    const pull = Pull.parse((await openPull(api, true)).data);
    const query =
      'mutation($id: ID!) { markPullRequestReadyForReview(input: { pullRequestId: $id }) { pullRequest { isDraft } } }';
    const answer = await api('POST /graphql', { query, variables: { id: pull.node_id } });
    expect(answer.data).toEqual({
      data: { markPullRequestReadyForReview: { pullRequest: { isDraft: false } } },
    });
    expect((await readPull(pull.number)).draft).toBe(false);
  });

  it('take labels and an assignee under their issue number, in one request', async () => {
    const { number } = Pull.parse((await openPull(api)).data);
    expect(number).toBe(42);
    await api(`PATCH ${REPO}/issues/${number}`, { labels: ['agent'], assignees: ['octocat'] });
    const answer = await api(`GET ${REPO}/issues/${number}`);
    expect(answer.data).toMatchObject({ labels: [{ name: 'agent' }], assignees: [{ login: 'octocat' }] });
  });
});

describe('check runs', () => {
  const annotation = {
    path: 'a',
    start_line: 1,
    end_line: 1,
    annotation_level: 'failure',
    message: 'Broken',
    title: 'T',
  };
  const checkRun = (output: Readonly<Record<string, unknown>>, sha = head): Promise<Answer> =>
    api(`POST ${REPO}/check-runs`, {
      name: 'Glovebox',
      head_sha: sha,
      conclusion: 'success',
      external_id: 'task',
      output: { title: 'T', summary: 'S', ...output },
    });

  it('carry the App and whole annotations, and are found by name', async () => {
    const { id } = z.looseObject({ id: z.int() }).parse((await checkRun({ annotations: [annotation] })).data);
    const found = await api(`GET ${REPO}/commits/${head}/check-runs?check_name=Glovebox&filter=all`);
    expect(found.data).toMatchObject({
      total_count: 1,
      check_runs: [{ id, external_id: 'task', status: 'completed', app: { id: host.app.id } }],
    });
    expect((await api(`GET ${REPO}/check-runs/${id}/annotations`)).data).toMatchObject([annotation]);
  });

  it.each([
    ['51 annotations', { annotations: Array.from({ length: 51 }, () => annotation) }],
    ['a summary of 65,536 characters', { summary: 's'.repeat(65_536) }],
    ['a text of 65,536 characters', { text: 's'.repeat(65_536) }],
  ])('refuse %s', async (_what, output) => {
    expect((await checkRun(output)).status).toBe(422);
  });

  it('refuse a commit that is not there', async () => {
    expect((await checkRun({}, '1'.repeat(40))).status).toBe(422);
  });
});

describe('comments and reactions', () => {
  it('name the App that wrote them, and refuse more than 65,536 characters', async () => {
    const number = await host.people.openIssue({ repository: 'clock', as: 'writer', title: 't', body: 'b' });
    const route = `POST ${REPO}/issues/${number}/comments`;
    const answer = await api(route, { body: 'hello' });
    expect(answer.data).toMatchObject({
      user: { login: 'glovebox[bot]' },
      performed_via_github_app: { id: host.app.id },
    });
    expect((await api(route, { body: 'x'.repeat(65_537) })).status).toBe(422);
  });

  it('count a reaction once', async () => {
    const number = await host.people.openIssue({ repository: 'clock', as: 'writer', title: 't', body: 'b' });
    const route = `${REPO}/issues/${number}/reactions`;
    expect((await api(`POST ${route}`, { content: 'eyes' })).status).toBe(201);
    expect((await api(`POST ${route}`, { content: 'eyes' })).status).toBe(200);
    expect((await api(`GET ${route}`)).data).toHaveLength(1);
  });
});

describe('lists', () => {
  it('show pull requests among the issues, as GitHub does', async () => {
    await openPull(api);
    await host.people.openIssue({ repository: 'clock', as: 'writer', title: 't', body: 'b' });
    const Rows = z.array(z.looseObject({ number: z.int(), pull_request: z.unknown().optional() }));
    const rows = Rows.parse((await api(`GET ${REPO}/issues?state=open`)).data);
    expect(rows.map((row) => [row.number, row.pull_request !== undefined])).toEqual([
      [42, true],
      [43, false],
    ]);
  });

  it('show comments since a moment only', async () => {
    const number = await host.people.openIssue({ repository: 'clock', as: 'writer', title: 't', body: 'b' });
    await api(`POST ${REPO}/issues/${number}/comments`, { body: 'hello' });
    const since = (ms: number): string => new Date(Date.now() + ms).toISOString();
    const route = `GET ${REPO}/issues/${number}/comments?since=`;
    expect((await api(`${route}${since(-60_000)}`)).data).toHaveLength(1);
    expect((await api(`${route}${since(60_000)}`)).data).toHaveLength(0);
  });

  it('show who set a label, also one that the issue was opened with', async () => {
    const number = await host.people.openIssue({
      repository: 'clock',
      as: 'writer',
      title: 't',
      body: 'b',
      labels: ['agent'],
    });
    await host.people.label({ repository: 'clock', number, as: 'triage' }, 'later');
    const Events = z.array(
      z.looseObject({
        event: z.string(),
        actor: z.looseObject({ login: z.string() }),
        label: z.looseObject({ name: z.string() }).nullish(),
      }),
    );
    const events = Events.parse((await api(`GET ${REPO}/issues/${number}/events`)).data);
    const labelled = events
      .filter((it) => it.event === 'labeled')
      .map((it) => [it.label?.name, it.actor.login]);
    expect(labelled).toEqual([
      ['agent', 'octocat'],
      ['later', 'octo-triage'],
    ]);
  });

  it('show nothing of the emulator behind the host', async () => {
    expect((await api('GET /_emulate/installation-tokens')).status).toBe(404);
  });
});

describe('files', () => {
  it('are read raw, and a missing one is a 404', async () => {
    const accept = 'application/vnd.github.raw+json';
    const answer = await ask(host, `GET ${REPO}/contents/a?ref=${head}`, { token, accept });
    expect(answer).toMatchObject({ status: 200, data: 'c' });
    expect(answer.headers.get('content-type')).toBe('application/vnd.github.raw+json; charset=utf-8');
    expect((await ask(host, `GET ${REPO}/contents/none?ref=${head}`, { token, accept })).status).toBe(404);
  });
});

describe('bad days', () => {
  it('refuse for a while, as a secondary rate limit does', async () => {
    host.faults.add(secondaryRateLimit(/\/issues/, 7));
    const answer = await api(`GET ${REPO}/issues`);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('retry-after')).toBe('7');
    expect((await api(`GET ${REPO}/issues`)).status).toBe(200);
  });

  it('lose an answer after the work was done', async () => {
    host.faults.add(serverError(/\/pulls$/, 'after'));
    expect((await openPull(api)).status).toBe(502);
    expect((await api(`GET ${REPO}/pulls?head=octo-org:${BRANCH}`)).data).toHaveLength(1);
  });
});
