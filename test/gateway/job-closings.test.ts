import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchJobClosings } from '../../src/gateway/job-closings.ts';
import { createLog } from '../../src/shared/log.ts';
import { type OpenStore, openDatabase } from '../../src/task/open-database.ts';
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
