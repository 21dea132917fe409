/** How often the same or another person may ask: hourly limits, the label set twice, and issues that already have a task. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OpenStore } from '../../src/task/open-database.ts';
import type { Task } from '../../src/task/task.ts';
import { buildAdmin } from '../builders/admin-config.ts';
import type { FakeWebhookGitHub } from '../fakes/fake-webhook-github.ts';
import { IssueDeliveries, person } from '../fixtures/issue-deliveries.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('asking again and again on %s', (kind) => {
  let store: OpenStore;
  let issues: IssueDeliveries;
  let github: FakeWebhookGitHub;
  let repositoryId = 1_000;
  const deliver: IssueDeliveries['deliver'] = (options, admin) => issues.deliver(options, admin);
  const tasks = (): Promise<Task[]> => issues.tasks();

  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(() => {
    repositoryId += 1;
    issues = new IssueDeliveries(store.db, repositoryId);
    github = issues.github;
  });
  const LATER = () => new Date(Date.now() + 60_000);

  it('INC-21: a sixth task within an hour is refused with the time at which there is room', async () => {
    github.allow('octocat-10', 10);
    for (let number = 1; number <= 5; number++) {
      expect(await deliver({ number, sender: person(10) })).toBe('admitted');
    }
    expect(await deliver({ number: 6, sender: person(10) })).toBe('refused: rate-limited');
    const last = (await tasks()).at(-1);
    expect(last?.reason?.values).toMatchObject({ login: 'octocat-10', count: 5, limit: 5 });
    expect(String(last?.reason?.values['freeAt'])).toMatch(/^\d\d:\d\d UTC$/);
    // Counter-test: with a higher limit the same request starts a task.
    expect(await deliver({ number: 7, sender: person(10) }, buildAdmin('rateLimits: { user: 6 }'))).toBe(
      'admitted',
    );
  });

  it('INC-21: a repository has its own hourly limit, over all people', async () => {
    const admin = buildAdmin('rateLimits: { repository: 2 }');
    for (const id of [11, 12, 13]) github.allow(`octocat-${id}`, id);
    expect(await deliver({ number: 1, sender: person(11) }, admin)).toBe('admitted');
    expect(await deliver({ number: 2, sender: person(12) }, admin)).toBe('admitted');
    expect(await deliver({ number: 3, sender: person(13) }, admin)).toBe('refused: rate-limited');
  });

  it('INC-21: a flood of refused requests is answered a bounded number of times', async () => {
    const results: string[] = [];
    for (let number = 1; number <= 25; number++) results.push(await deliver({ number, sender: person(14) }));
    expect(results.filter((one) => one === 'refused: no-permission')).toHaveLength(20);
    expect(results.slice(20)).toEqual(Array.from({ length: 5 }, () => 'repeated: too-many-refusals'));
  });

  it('INC-21: toggling the label is one request, and asks GitHub nothing the second time', async () => {
    github.allow('octocat-15', 15);
    expect(await deliver({ sender: person(15) })).toBe('admitted');
    const calls = github.calls.length;
    expect(await deliver({ sender: person(15) })).toBe('repeated: same-request');
    expect(github.calls).toHaveLength(calls);
    expect(await tasks()).toHaveLength(1);
  });

  it('opened and labeled of the same issue are one request, in either order', async () => {
    github.allow('octocat-16', 16);
    const at = new Date();
    expect(await deliver({ action: 'labeled', at, sender: person(16) })).toBe('admitted');
    expect(await deliver({ action: 'opened', at, sender: person(16) })).toBe('repeated: same-request');
  });

  it('a second request while a task runs is refused once, naming the running task', async () => {
    github.allow('octocat-17', 17);
    await deliver({ sender: person(17) });
    const running = (await tasks())[0];
    expect(await deliver({ at: LATER(), sender: person(17) })).toBe('refused: task-exists');
    expect((await tasks())[1]?.reason?.values).toEqual({ task: running?.id });
    expect(await deliver({ at: new Date(Date.now() + 120_000), sender: person(17) })).toBe(
      'repeated: task-exists',
    );
  });

  it('the label set anew after the end starts a new task', async () => {
    github.allow('octocat-18', 18);
    await deliver({ sender: person(18) });
    await store.db
      .updateTable('task')
      .set({ state: 'ended', outcome: 'errored', ended_at: new Date() })
      .where('repository_id', '=', BigInt(repositoryId))
      .execute();
    expect(await deliver({ at: LATER(), sender: person(18) })).toBe('admitted');
    expect(await tasks()).toHaveLength(2);
  });

  it('parallel requests for one issue make one task', async () => {
    github.allow('octocat-25', 25);
    github.allow('octocat-26', 26);
    const results = await Promise.all([deliver({ sender: person(25) }), deliver({ sender: person(26) })]);
    expect(results.sort()).toEqual(['admitted', 'refused: task-exists']);
  });
});
