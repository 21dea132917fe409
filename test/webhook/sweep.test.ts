/** What webhooks lose is found again: failed deliveries are stored, unheard labels are answered, nothing starts twice. */
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/shared/ids.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { insertDelivery } from '../../src/task/store/insert-delivery.ts';
import type { LabelledIssue, ListedDelivery } from '../../src/webhook/github.ts';
import { lostDeliveries, sweepDeliveries } from '../../src/webhook/sweep.ts';
import { buildAdmin } from '../builders/admin-config.ts';
import { buildIssuePayload } from '../builders/issue-payload.ts';
import { insertTask } from '../builders/task-row.ts';
import { FakeWebhookGitHub } from '../fakes/fake-webhook-github.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const NOW = Date.now();
const minutesAgo = (minutes: number): Date => new Date(NOW - minutes * 60_000);
const listed = (overrides: Partial<ListedDelivery> = {}): ListedDelivery => ({
  id: 1,
  guid: 'g1',
  event: 'issues',
  action: 'labeled',
  deliveredAt: minutesAgo(10),
  ok: false,
  ...overrides,
});

describe('which deliveries are lost', () => {
  it.each([
    ['a failed one that we handle', [listed()], [], ['g1']],
    ['not one that we have', [listed()], ['g1'], []],
    ['not one whose redelivery arrived', [listed(), listed({ id: 2, ok: true })], [], []],
    ['once, however often it failed', [listed(), listed({ id: 2 })], [], ['g1']],
    ['not one of an event that nobody handles', [listed({ event: 'push', action: null })], [], []],
    ['not one that may still be under way', [listed({ deliveredAt: minutesAgo(1) })], [], []],
  ])('%s', (_word, deliveries, known, expected) => {
    const lost = lostDeliveries({ listed: deliveries, known: new Set(known), now: NOW });
    expect(lost.map(({ guid }) => guid)).toEqual(expected);
  });
});

describe.each(storeKinds)('a sweep on %s', (kind) => {
  let store: OpenStore;
  let github: FakeWebhookGitHub;
  let repositoryId = 500;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(() => {
    github = new FakeWebhookGitHub();
    repositoryId += 1;
  });

  const sweep = () =>
    sweepDeliveries({
      db: store.db,
      github,
      random: systemRandom,
      admin: buildAdmin(),
      ownBotId: 777,
      wake: () => {},
      onTask: () => {},
      log: pino({ level: 'silent' }),
      now: () => NOW,
    });
  const issue = (overrides: Partial<LabelledIssue> = {}): LabelledIssue => ({
    repo: { installationId: 11, repositoryId, owner: 'octo-org', repo: 'clock', private: false },
    issueNumber: 42,
    labelledAt: minutesAgo(10),
    labelledBy: { id: repositoryId, login: 'octocat' },
    ...overrides,
  });
  const tasks = () =>
    store.db
      .selectFrom('task')
      .select(['state', 'outcome', 'reason', 'snapshot'])
      .where('repository_id', '=', BigInt(repositoryId))
      .execute();

  it('stores a lost delivery with the payload of GitHub’s own record, to be handled like any other', async () => {
    github.deliveries = [listed({ id: 7, guid: `lost-${kind}` })];
    github.payloads.set(7, buildIssuePayload({ title: 'lost \0 found' }));
    expect(await sweep()).toEqual({ recovered: 1, answered: 0 });
    const row = await store.db
      .selectFrom('delivery')
      .selectAll()
      .where('id', '=', `lost-${kind}`)
      .executeTakeFirst();
    expect(row).toMatchObject({
      handled_at: null,
      event: 'issues',
      payload: { issue: { title: 'lost \ufffd found' } },
    });
    expect(await sweep()).toEqual({ recovered: 0, answered: 0 });
  });

  it('answers a labelled issue that no delivery told of, once, and never starts from its live text', async () => {
    github.labelled = [issue()];
    expect(await sweep()).toEqual({ recovered: 0, answered: 1 });
    expect(await tasks()).toMatchObject([
      { state: 'ended', outcome: 'refused', reason: { code: 'delivery-lost' }, snapshot: null },
    ]);
    expect(await sweep()).toEqual({ recovered: 0, answered: 0 });
  });

  it('leaves issues alone that were heard of, are recent, or that we labelled ourselves', async () => {
    await insertDelivery(store.db, {
      id: `heard-${kind}`,
      event: 'issues',
      action: 'labeled',
      installationId: 11,
      repositoryId,
      payload: JSON.stringify(buildIssuePayload({ number: 1 })),
    });
    await insertTask(store.db, { repository_id: BigInt(repositoryId), issue_number: 2 });
    github.labelled = [
      issue({ issueNumber: 1 }),
      issue({ issueNumber: 2 }),
      issue({ issueNumber: 3, labelledAt: minutesAgo(1) }),
      issue({ issueNumber: 4, labelledBy: { id: 777, login: 'glovebox[bot]' } }),
    ];
    expect((await sweep()).answered).toBe(0);
  });

  it('forgets deliveries that were handled a month ago, and no other', async () => {
    const add = async (id: string, handledAt: Date | null) => {
      await insertDelivery(store.db, {
        id,
        event: 'issues',
        action: 'opened',
        installationId: 1,
        repositoryId,
        payload: '{}',
      });
      await store.db.updateTable('delivery').set({ handled_at: handledAt }).where('id', '=', id).execute();
    };
    await add(`old-${kind}`, minutesAgo(31 * 24 * 60));
    await add(`new-${kind}`, minutesAgo(29 * 24 * 60));
    await add(`open-${kind}`, null);
    await sweep();
    const left = await store.db
      .selectFrom('delivery')
      .select('id')
      .where('repository_id', '=', BigInt(repositoryId))
      .execute();
    expect(left.map(({ id }) => id).sort()).toEqual([`new-${kind}`, `open-${kind}`]);
  });
});
