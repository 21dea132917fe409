/** The delivery loop: nothing is handled twice at once, nothing is lost, failures come again later. */
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/shared/clock.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { claimDeliveries } from '../../src/task/store/claim-deliveries.ts';
import { insertDelivery } from '../../src/task/store/insert-delivery.ts';
import {
  backoffMs,
  type DeliveryHandler,
  handleDeliveries,
  passOnce,
} from '../../src/webhook/handle-deliveries.ts';
import { unavailable } from '../fakes/fake-webhook-github.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const log = pino({ level: 'silent' });

describe.each(storeKinds)('the delivery loop on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await store.db.deleteFrom('delivery').execute();
  });

  const add = (id: string) =>
    insertDelivery(store.db, {
      id,
      event: 'issues',
      action: 'labeled',
      installationId: 1,
      repositoryId: 2,
      payload: '{}',
    });
  const row = (id: string) =>
    store.db.selectFrom('delivery').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const deps = (handle: DeliveryHandler) => ({ db: store.db, clock: systemClock, log, handle });

  it('marks a delivery handled with its result, once', async () => {
    await add('a');
    expect(await passOnce(deps(async () => 'admitted'))).toBe(1);
    expect(await row('a')).toMatchObject({ result: 'admitted', failures: 0 });
    expect((await row('a')).handled_at).toBeInstanceOf(Date);
    expect(await passOnce(deps(async () => 'again'))).toBe(0);
  });

  it('puts a failed delivery off, counts it, and handles it when its time has come', async () => {
    await add('b');
    await passOnce(deps(() => Promise.reject(unavailable())));
    expect(await row('b')).toMatchObject({
      handled_at: null,
      failures: 1,
      last_error: 'GitHub answered 503',
    });
    expect(await passOnce(deps(async () => 'too early'))).toBe(0);
    await store.db
      .updateTable('delivery')
      .set({ retry_at: new Date(0) })
      .execute();
    await passOnce(deps(async () => 'admitted'));
    expect(await row('b')).toMatchObject({ result: 'admitted', last_error: null });
  });

  it('gives up only on what GitHub keeps refusing', async () => {
    const refused = new GloveboxError({
      code: 'github-refused',
      message: 'GitHub answered 404',
      values: { status: 404 },
    });
    for (const [id, error] of [
      ['c', refused],
      ['d', unavailable()],
      ['e', new Error('a defect of ours')],
    ] as const) {
      await add(id);
      await store.db
        .updateTable('delivery')
        .set({ failures: 20, retry_at: new Date(0) })
        .where('id', '=', id)
        .execute();
      await passOnce(deps(() => Promise.reject(error)));
    }
    expect((await row('c')).result).toBe('given up: GitHub keeps refusing');
    expect(await row('d')).toMatchObject({ handled_at: null, failures: 21 });
    expect(await row('e')).toMatchObject({ handled_at: null, failures: 21 });
  });

  it('a claim of a process that died is due again when it has run out, and not before', async () => {
    await add('f');
    expect(await claimDeliveries(store.db, { most: 4, claimMs: 0 })).toHaveLength(1);
    expect(await claimDeliveries(store.db, { most: 4, claimMs: 60_000 })).toHaveLength(1);
    expect(await claimDeliveries(store.db, { most: 4, claimMs: 60_000 })).toEqual([]);
  });

  it('two processes never get the same delivery', async () => {
    for (let index = 0; index < 20; index++) await add(`g${index}`);
    const seen: string[] = [];
    const handle: DeliveryHandler = async ({ id }) => {
      seen.push(id);
      return 'ok';
    };
    while ((await Promise.all([passOnce(deps(handle)), passOnce(deps(handle))])).some((count) => count > 0));
    expect(seen).toHaveLength(20);
    expect(new Set(seen).size).toBe(20);
  });

  it('a wake-up is handled at once, also one that comes during a pass', async () => {
    const seen: string[] = [];
    const loop = handleDeliveries(
      deps(async ({ id }) => {
        seen.push(id);
        return 'ok';
      }),
    );
    try {
      for (const id of ['h1', 'h2', 'h3']) {
        const started = performance.now();
        await add(id);
        loop.wake();
        await vi.waitFor(() => expect(seen).toContain(id), { timeout: 2_000, interval: 5 });
        expect(performance.now() - started).toBeLessThan(900);
      }
    } finally {
      await loop.stop();
    }
  });

  it('a delivery that takes long holds up no other, and stopping waits for it', async () => {
    const seen: string[] = [];
    const slow = Promise.withResolvers<string>();
    const loop = handleDeliveries({
      ...deps(async ({ id }) => {
        if (id === 'slow') return slow.promise;
        seen.push(id);
        return 'ok';
      }),
      concurrency: 2,
    });
    await add('slow');
    await add('j1');
    await add('j2');
    loop.wake();
    await vi.waitFor(() => expect(seen).toEqual(['j1', 'j2']), { timeout: 3_000, interval: 5 });
    const stopped = loop.stop();
    slow.resolve('late');
    await stopped;
    expect(await row('slow')).toMatchObject({ result: 'late' });
  });

  it('finds what it was not woken for, within its poll', async () => {
    const seen: string[] = [];
    const loop = handleDeliveries(
      deps(async ({ id }) => {
        seen.push(id);
        return 'ok';
      }),
    );
    try {
      await add('i');
      await vi.waitFor(() => expect(seen).toEqual(['i']), { timeout: 3_000, interval: 20 });
    } finally {
      await loop.stop();
    }
  });
});

describe('the time until a failed delivery comes again', () => {
  it.each([
    [0, 2_000],
    [1, 4_000],
    [5, 64_000],
    [11, 3_600_000],
    [5_000, 3_600_000],
  ])('after %i failures is %i ms', (failures, ms) => {
    expect(backoffMs(unavailable(), failures)).toBe(ms);
  });

  it('is GitHub’s own retry-after where that is longer', () => {
    const limited = new GloveboxError({
      code: 'github-unavailable',
      message: 'limited',
      values: { retryAfterS: 60 },
    });
    expect(backoffMs(limited, 0)).toBe(60_000);
  });
});
