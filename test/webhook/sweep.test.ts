/** What webhooks lose is found again: failed deliveries are stored, unheard labels are answered, nothing starts twice. */
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/shared/ids.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { insertDelivery } from '../../src/task/store/insert-delivery.ts';
import type { LabelledIssue, ListedDelivery } from '../../src/webhook/github.ts';
import { lostDeliveries } from '../../src/webhook/recover-deliveries.ts';
import { newSweepMemory, type SweepMemory, sweepDeliveries } from '../../src/webhook/sweep.ts';
import { buildAdmin } from '../builders/admin-config.ts';
import { buildIssuePayload } from '../builders/issue-payload.ts';
import { insertTask } from '../builders/task-row.ts';
import { FakeWebhookGitHub, refused, unavailable } from '../fakes/fake-webhook-github.ts';
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

  const sweep = (memory: SweepMemory = newSweepMemory({ now: () => NOW })) =>
    sweepDeliveries(
      {
        db: store.db,
        github,
        random: systemRandom,
        admin: buildAdmin(),
        ownBotId: 777,
        wake: () => {},
        onTask: () => {},
        log: pino({ level: 'silent' }),
        now: () => NOW,
      },
      memory,
    );
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

  describe('that meets what it cannot read', () => {
    const lost = (id: number) => listed({ id, guid: `${repositoryId}-${id}-${kind}` });
    const payload = (id: number) => github.payloads.set(id, buildIssuePayload({ number: id }));
    const failReading = (times: number, error: unknown) => {
      for (let time = 0; time < times; time++) github.failures.push({ call: 'readDeliveryPayload', error });
    };
    const stored = async () => {
      const rows = await store.db.selectFrom('delivery').select('id').execute();
      return rows
        .map(({ id }) => id)
        .filter((id) => id.startsWith(`${repositoryId}-`))
        .sort();
    };

    it('stores the others, answers the labels, and reads it later', async () => {
      github.deliveries = [lost(1), lost(2), lost(3)];
      for (const id of [1, 2, 3]) payload(id);
      github.labelled = [issue()];
      failReading(1, refused());
      const memory = newSweepMemory({ now: () => NOW });
      expect(await sweep(memory)).toEqual({ recovered: 2, answered: 1 });
      expect(await stored()).toEqual([lost(2).guid, lost(3).guid]);
      // what it could not read lies before where it looks from now on, and is not forgotten
      github.deliveries = [];
      expect(await sweep(memory)).toEqual({ recovered: 1, answered: 0 });
      expect(await stored()).toContain(lost(1).guid);
    });

    it('gives a delivery up that GitHub refuses again and again', async () => {
      github.deliveries = [lost(1)];
      payload(1);
      failReading(12, refused());
      const memory = newSweepMemory({ now: () => NOW });
      await sweep(memory);
      github.deliveries = [];
      for (let time = 0; time < 20; time++) await sweep(memory);
      expect(github.calls.filter((call) => call.startsWith('readDeliveryPayload'))).toHaveLength(12);
      expect(await stored()).toEqual([]);
    });

    it('asks a GitHub that is away no more than three times, and has lost nothing when it is back', async () => {
      github.deliveries = Array.from({ length: 9 }, (_, at) => lost(at + 1));
      for (const { id } of github.deliveries) payload(id);
      failReading(3, unavailable());
      const memory = newSweepMemory({ now: () => NOW });
      expect((await sweep(memory)).recovered).toBe(0);
      expect(github.calls.filter((call) => call.startsWith('readDeliveryPayload'))).toHaveLength(3);
      expect((await sweep(memory)).recovered).toBe(9);
    });

    it('goes on where a listing was cut, though it looks from a later moment on', async () => {
      github.deliveries = Array.from({ length: 5 }, (_, at) => ({
        ...lost(at + 1),
        deliveredAt: minutesAgo(20 + at),
      }));
      for (const { id } of github.deliveries) payload(id);
      github.mostListed = 2;
      const memory = newSweepMemory({ now: () => NOW });
      const recovered: number[] = [];
      for (let time = 0; time < 4; time++) recovered.push((await sweep(memory)).recovered);
      expect(recovered).toEqual([2, 2, 1, 0]);
    });

    it('looks at labels where deliveries cannot be listed, and at the other repositories where one cannot be read', async () => {
      const other = { ...issue(), repo: { ...issue().repo, repositoryId: repositoryId + 100_000 } };
      github.failures.push({ call: 'listDeliveries', error: unavailable() });
      github.labelled = [issue(), { ...other, labelledBy: { id: 123_000 + repositoryId, login: 'hubot' } }];
      github.unreadable = [{ place: { installationId: 11, repositoryId }, error: refused() }];
      const memory = newSweepMemory({ now: () => NOW });
      memory.labels.since = minutesAgo(60);
      expect(await sweep(memory)).toEqual({ recovered: 0, answered: 1 });
      expect(memory.labels.since).toEqual(minutesAgo(15));
      // readable again much later, it is looked at from where its own last success began
      memory.labels.since = minutesAgo(1);
      github.unreadable = [];
      expect((await sweep(memory)).answered).toBe(1);
      expect(memory.labels.behind.size).toBe(0);
    });

    it('keeps the places of an installation that cannot be asked at all', async () => {
      const memory = newSweepMemory({ now: () => NOW });
      memory.labels.since = minutesAgo(60);
      github.labelled = [issue()];
      github.unreadable = [{ place: { installationId: 11, repositoryId: null }, error: unavailable() }];
      for (let time = 0; time < 20; time++) expect((await sweep(memory)).answered).toBe(0);
      memory.labels.since = minutesAgo(1);
      github.unreadable = [];
      expect((await sweep(memory)).answered).toBe(1);
    });
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
