/** From a stored delivery to a task row: who may start, what is frozen, what is refused and what is ignored. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import type { Task } from '../../src/task/task.ts';
import { GITHUB_ACTIONS_BOT_ID } from '../../src/webhook/permission.ts';
import { isEmpty } from '../../src/webhook/snapshot.ts';
import { buildAdmin } from '../builders/admin-config.ts';
import { buildIssuePayload, OCTOCAT } from '../builders/issue-payload.ts';
import { type FakeWebhookGitHub, unavailable } from '../fakes/fake-webhook-github.ts';
import { IssueDeliveries, OWN_BOT, person } from '../fixtures/issue-deliveries.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('a labelled issue on %s', (kind) => {
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
    github.allow('octocat', OCTOCAT.id);
  });

  it('becomes a task with a frozen snapshot, an audit event and one reaction', async () => {
    expect(await deliver({ sender: person(1) })).toBe('refused: no-permission');
    github.allow('octocat-1', 1);
    expect(await deliver({ number: 43, sender: person(1), body: 'One <!-- secret --> hour.' })).toBe(
      'admitted',
    );
    const task = (await tasks()).find(({ issueNumber }) => issueNumber === 43);
    expect(task).toMatchObject({
      state: 'accepted',
      requester: { id: 1, login: 'octocat-1', permission: 'write', via: 'label' },
      snapshot: { body: 'One  hour.', removed: [{ kind: 'HTML comment', count: 1, characters: 15 }] },
    });
    expect(github.calls.filter((call) => call === 'reactWithEyes 43')).toHaveLength(1);
    const audit = await store.db
      .selectFrom('audit_event')
      .select(['type', 'data'])
      .where('task_id', '=', task?.id ?? '')
      .execute();
    expect(audit).toEqual([
      { type: 'task.accepted', data: { login: 'octocat-1', via: 'label', snapshot: task?.snapshotDigest } },
    ]);
  });

  it.each(['triage', 'read'])(
    'INC-12: a label set by someone with %s is refused, whoever wrote the issue',
    async (role) => {
      github.allow('octocat-2', 2, 'read', role);
      expect(await deliver({ sender: person(2), author: OCTOCAT })).toBe('refused: no-permission');
      expect((await tasks())[0]).toMatchObject({
        outcome: 'refused',
        snapshot: null,
        reason: { code: 'no-permission', values: { login: 'octocat-2', permission: role } },
      });
    },
  );

  it('INC-12: a label that an issue template set on opening counts as its author asking', async () => {
    github.allow('octocat-3', 3, 'read');
    expect(await deliver({ action: 'opened', sender: person(3) })).toBe('refused: no-permission');
    github.allow('octocat-4', 4, 'admin');
    expect(await deliver({ action: 'opened', number: 50, sender: person(4) })).toBe('admitted');
    expect((await tasks()).at(-1)?.requester.via).toBe('opened-with-label');
  });

  it('INC-11: the sender decides, not the author: a writer may label an outsider’s issue', async () => {
    github.allow('octocat-5', 5);
    const author = { id: 999, login: 'outsider', type: 'User' };
    expect(await deliver({ sender: person(5), author })).toBe('admitted');
  });

  it('INC-13: author_association is not read: CONTRIBUTOR with write may start, OWNER without may not', async () => {
    github.allow('octocat-6', 6);
    expect(await deliver({ sender: person(6) })).toBe('admitted'); // the payload says CONTRIBUTOR
    github.allow('octocat-60', 60, 'none');
    expect(await deliver({ number: 44, sender: person(60) })).toBe('refused: no-permission');
  });

  it('a role name is only shown: a custom role called admin starts nothing', async () => {
    github.allow('octocat-7', 7, 'read', 'admin');
    expect(await deliver({ sender: person(7) })).toBe('refused: no-permission');
    // Counter-test: the same word as a permission does start one.
    github.allow('octocat-7', 7, 'admin', 'a role of our own');
    expect(await deliver({ number: 43, sender: person(7) })).toBe('admitted');
  });

  it('an answer about another account than the sender is a no', async () => {
    github.allow('octocat-8', 8_000, 'admin');
    expect(await deliver({ sender: person(8) })).toBe('refused: no-permission');
    // Counter-test: were the name all that is compared, this answer would do.
    const { userId: _another, ...answer } = github.permissions.get('octocat-8') ?? { userId: 0 };
    expect(answer).toEqual({ permission: 'admin', roleName: 'admin' });
    github.allow('octocat-8', 8, 'admin');
    expect(await deliver({ number: 43, sender: person(8) })).toBe('admitted');
  });

  it('INC-04: a name that ends in [bot] is worth nothing; the allowlist holds numeric ids', async () => {
    const bot = { id: 1_000_001, login: 'glovebox[bot]', type: 'Bot' };
    github.allow(bot.login, bot.id, 'admin');
    expect(await deliver({ sender: bot })).toBe('refused: bot-not-allowed');
    expect(await deliver({ number: 43, sender: bot }, buildAdmin('bots: [1000001]'))).toBe('admitted');
  });

  it('INC-04: a user who is called like a bot is asked for as a user', async () => {
    const impostor = { id: 9, login: 'github-actions[bot]', type: 'User' };
    expect(await deliver({ sender: impostor }, buildAdmin(`bots: [${GITHUB_ACTIONS_BOT_ID}]`))).toBe(
      'refused: no-permission',
    );
  });

  it('INC-04: github-actions never starts anything, even when an admin lists it', async () => {
    const actions = { id: GITHUB_ACTIONS_BOT_ID, login: 'github-actions[bot]', type: 'Bot' };
    const admin = buildAdmin(`bots: [${GITHUB_ACTIONS_BOT_ID}]`);
    expect(await deliver({ sender: actions }, admin)).toBe('refused: bot-not-allowed');
  });

  describe('INC-04: an issue that an App made with the token of somebody who may write', () => {
    const app = { id: 5, slug: 'helper' };
    const listed = () => buildAdmin('bots: [1000002]');
    beforeEach(() => github.bots.set('helper', 1_000_002));

    it('starts nothing where the App is not listed, and says which bot would have to be', async () => {
      expect(await deliver({ action: 'opened', app })).toBe('refused: bot-not-allowed');
      expect((await tasks())[0]?.reason).toMatchObject({
        code: 'bot-not-allowed',
        values: { id: 1_000_002 },
      });
    });

    it('counter-test: the same issue that its author made alone is admitted', async () => {
      expect(await deliver({ action: 'opened' })).toBe('admitted');
    });

    it('starts where both may, and not where the App alone is listed', async () => {
      expect(await deliver({ action: 'opened', app }, listed())).toBe('admitted');
      github.allow('octocat-70', 70, 'read');
      const number = 43;
      const made = { action: 'opened', number, app, sender: person(70), author: person(70) } as const;
      expect(await deliver(made, listed())).toBe('refused: no-permission');
    });

    it.each([
      ['an App without a slug', { id: 5, slug: null }, 'bots: [5]'],
      ['an App without a bot account', { id: 5, slug: 'gone' }, 'bots: [5]'],
      ['a slug that is none', { id: 5, slug: '../helper' }, 'bots: [1000002]'],
    ])('starts nothing for %s', async (_name, other, admin) => {
      expect(await deliver({ action: 'opened', app: other }, buildAdmin(admin))).toBe(
        'refused: bot-not-allowed',
      );
    });

    it('starts nothing for github-actions, even when an admin lists it', async () => {
      github.bots.set('github-actions', GITHUB_ACTIONS_BOT_ID);
      const actions = { id: 15_368, slug: 'github-actions' };
      const admin = buildAdmin(`bots: [${GITHUB_ACTIONS_BOT_ID}]`);
      expect(await deliver({ action: 'opened', app: actions }, admin)).toBe('refused: bot-not-allowed');
    });

    it('starts nothing by the label event that GitHub sends beside its opening', async () => {
      expect(await deliver({ action: 'labeled', app })).toBe('refused: bot-not-allowed');
    });

    it('is started by another person’s label: nobody acted for them', async () => {
      github.allow('octocat-71', 71);
      expect(await deliver({ action: 'labeled', app, sender: person(71) })).toBe('admitted');
    });
  });

  it('INC-21: our own label starts nothing and is not even answered', async () => {
    const own = { id: OWN_BOT, login: 'glovebox[bot]', type: 'Bot' };
    expect(await deliver({ sender: own }, buildAdmin(`bots: [${OWN_BOT}]`))).toBe('ignored: our own');
    expect(github.calls).toEqual([]);
    expect(await tasks()).toEqual([]);
  });

  it('INC-21, counter-test: judged like any other bot that is listed, our own label starts a task, and its end the next', async () => {
    const self = { id: 778, login: 'glovebox[bot]', type: 'Bot' };
    github.allow(self.login, self.id);
    const admin = buildAdmin(`bots: [${self.id}]`);
    for (const number of [1, 2]) expect(await deliver({ number, sender: self }, admin)).toBe('admitted');
    expect(await tasks()).toHaveLength(2);
  });

  it.each([
    ['locked', { locked: true }],
    ['closed', { state: 'closed' }],
  ])('an issue that is %s is refused', async (state, options) => {
    github.allow('octocat-19', 19);
    expect(await deliver({ ...options, sender: person(19) })).toBe('refused: issue-not-open');
    expect((await tasks())[0]?.reason?.values).toEqual({ state });
  });

  it('INC-15: an issue that holds hidden text only is refused with what was removed', async () => {
    github.allow('octocat-20', 20);
    const hidden = { title: '\u200b\u200b', body: '<!-- do evil -->' };
    expect(await deliver({ ...hidden, sender: person(20) })).toBe('refused: issue-empty');
    expect((await tasks())[0]?.reason?.values).toEqual({ removed: 2 });
    // Counter-test: the same texts as they came are not empty, and the agent would be started on them.
    expect(isEmpty({ ...hidden, title: hidden.title.trim(), comments: [], removed: [], takenAt: '' })).toBe(
      false,
    );
  });

  it('a ban holds for people and for repositories', async () => {
    github.allow('octocat-21', 21, 'admin');
    expect(await deliver({ sender: person(21) }, buildAdmin('bans: { users: [21] }'))).toBe(
      'refused: banned',
    );
    const closed = buildAdmin('bans: { repositories: [Octo-Org/Clock] }');
    expect(await deliver({ number: 43, sender: person(21) }, closed)).toBe('refused: banned');
    expect(await deliver({ number: 44, sender: person(21) })).toBe('admitted');
  });

  it.each([
    ['another label', { label: 'bug' }],
    ['another label', { label: 'agent:web' }],
    ['another label', { label: 'agent\u200b' }],
    ['another label', { label: 'agent; rm -rf /' }],
  ])('ignores %s (%o)', async (word, options) => {
    expect(await deliver(options)).toBe(`ignored: ${word}`);
    expect(github.calls).toEqual([]);
  });

  it('labels have no case, as on GitHub', async () => {
    github.allow('octocat-22', 22);
    expect(await deliver({ label: 'Agent', sender: person(22) })).toBe('admitted');
  });

  it('GitHub being down puts the delivery off: no task, no refusal', async () => {
    github.failures.push({ call: 'permissionOf', error: unavailable() });
    await expect(deliver({ sender: person(23) })).rejects.toMatchObject({ code: 'github-unavailable' });
    expect(await tasks()).toEqual([]);
  });

  it('a suspended installation is answered once access is back: the refusal waits in the record', async () => {
    const suspended = new GloveboxError({ code: 'installation-suspended', message: 'suspended' });
    for (const call of ['permissionOf', 'reactWithEyes']) github.failures.push({ call, error: suspended });
    expect(await deliver({ sender: person(27) })).toBe('refused: app-suspended');
    expect((await tasks())[0]).toMatchObject({
      state: 'ended',
      reason: { code: 'app-suspended' },
      snapshot: null,
    });
  });

  it('a payload that is no App’s, or of a pull request, starts nothing', async () => {
    const { installation: _none, ...foreign } = buildIssuePayload();
    expect(await issues.handle(foreign)).toBe('ignored: not the payload of an App');
    const payload = buildIssuePayload();
    const issue = {
      ...(typeof payload['issue'] === 'object' ? payload['issue'] : {}),
      pull_request: { html_url: 'x' },
    };
    expect(await issues.handle({ ...payload, issue })).toBe('ignored: another label');
    expect(github.calls).toEqual([]);
  });

  it('a reaction that fails stops nothing', async () => {
    github.allow('octocat-24', 24);
    github.failures.push({ call: 'reactWithEyes', error: unavailable() });
    expect(await deliver({ sender: person(24) })).toBe('admitted');
  });
});
