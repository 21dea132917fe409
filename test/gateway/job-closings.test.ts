import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobClosings } from '../../src/gateway/identity.ts';
import { watchJobClosings } from '../../src/gateway/job-closings.ts';
import { hasCode } from '../../src/shared/errors.ts';
import { createLog } from '../../src/shared/log.ts';
import { type Db, type OpenStore, openDatabase } from '../../src/task/open-database.ts';
import { closeJob } from '../../src/task/store/close-job.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { lookUntil } from '../fixtures/look-until.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const log = createLog('silent');

describe.each(storeKinds)('closings of jobs on %s', (kind) => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  it('abort the calls of a job that is closed, and of no other', async () => {
    const clock = new FakeClock();
    const closings = watchJobClosings({ db: store.db, clock, log });
    const { work, verify } = await insertRunningRound(store.db);
    const signals = [work, verify].map((job) => closings.signalFor(job.name));
    await store.db.transaction().execute((trx) => closeJob(trx, work.name, 'aborted'));
    await lookUntil(clock, () => signals[0]?.aborted ?? false);
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
    expect(closings.signalFor(work.name).aborted).toBe(true);
    closings.close();
  });

  it('abort the calls of a job that the record does not know', async () => {
    const clock = new FakeClock();
    const closings = watchJobClosings({ db: store.db, clock, log });
    const signal = closings.signalFor('gb-none');
    await lookUntil(clock, () => signal.aborted);
    closings.close();
  });

  it('give one signal to all calls of a job', () => {
    const closings = watchJobClosings({ db: store.db, clock: new FakeClock(), log });
    expect(closings.signalFor('gb-one')).toBe(closings.signalFor('gb-one'));
    closings.close();
  });

  it('look within the promised two seconds: the watch waits half a second between looks', async () => {
    const clock = new FakeClock();
    const closings = watchJobClosings({ db: store.db, clock, log });
    while (clock.sleeping.length === 0) await setImmediate();
    expect(clock.sleeping).toEqual([500]);
    closings.close();
  });
});

describe('closings of jobs while the record does not answer', () => {
  it('leave the calls alone at first, and cut them when nobody can say for too long', async () => {
    const store = await openTestStore('pglite');
    const clock = new FakeClock();
    const { work } = await insertRunningRound(store.db);
    const closings = watchJobClosings({ db: store.db, clock, log });
    const signal = closings.signalFor(work.name);
    await store.close();
    const start = clock.now();
    await lookUntil(clock, () => clock.now() - start >= 20_000);
    expect(signal.aborted).toBe(false);
    await lookUntil(clock, () => signal.aborted);
    closings.close();
  });
});

describe('closings of jobs once the record answers again', () => {
  const clock = new FakeClock();
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let isSilent = false;
  let db: Db;
  beforeAll(async () => {
    store = await openTestStore('pglite');
    db = store.db.withPlugin({
      transformQuery: ({ node }) => {
        if (isSilent) throw new Error('The record does not answer.');
        return node;
      },
      transformResult: async ({ result }) => result,
    });
  });
  afterAll(() => store.close());

  /** The signal of a call that was cut since nobody could say that its job is open. */
  async function cutBlindly(closings: JobClosings, name: string): Promise<AbortSignal> {
    const signal = closings.signalFor(name);
    isSilent = true;
    await lookUntil(clock, () => signal.aborted);
    isSilent = false;
    return signal;
  }

  it('leave the next calls of an open job alone', async () => {
    const { work } = await insertRunningRound(store.db);
    const closings = watchJobClosings({ db, clock, log });
    const cut = await cutBlindly(closings, work.name);
    expect(hasCode(cut.reason, 'record-silent')).toBe(true);
    const next = closings.signalFor(work.name);
    const back = clock.now();
    await lookUntil(clock, () => clock.now() - back >= 60_000);
    expect(next.aborted).toBe(false);
    closings.close();
  });

  it('counter-test: of a job that was closed meanwhile they are cut', async () => {
    const { work } = await insertRunningRound(store.db);
    const closings = watchJobClosings({ db, clock, log });
    await cutBlindly(closings, work.name);
    await store.db.transaction().execute((trx) => closeJob(trx, work.name, 'aborted'));
    const next = closings.signalFor(work.name);
    await lookUntil(clock, () => next.aborted);
    expect(hasCode(next.reason, 'record-silent')).toBe(false);
    closings.close();
  });
});

describe.runIf(storeKinds.includes('postgres'))('closings across replicas', () => {
  it('a job that one replica closes is cut on the other', async () => {
    const store = await openTestStore('postgres');
    const other: OpenStore = await openDatabase({
      kind: 'postgres',
      url: store.url ?? '',
      maxConnections: 2,
    });
    const clock = new FakeClock();
    const { work } = await insertRunningRound(store.db);
    const closings = watchJobClosings({ db: other.db, clock, log });
    const signal = closings.signalFor(work.name);
    await store.db.transaction().execute((trx) => closeJob(trx, work.name, 'sealed'));
    await lookUntil(clock, () => signal.aborted);
    closings.close();
    await other.close();
    await store.close();
  });
});
