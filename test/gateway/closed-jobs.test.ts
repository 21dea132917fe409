/** Model calls in flight when the record says that their job is closed: the watch cuts them, nothing else would. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JobClosings } from '../../src/gateway/identity.ts';
import { watchJobClosings } from '../../src/gateway/job-closings.ts';
import { createLog } from '../../src/shared/log.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { closeJob } from '../../src/task/store/close-job.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { lookUntil } from '../fixtures/look-until.ts';
import { CALLER, question, startModelGateway, type TestGateway } from '../fixtures/model-gateway.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { openClosings } from './gateway-fixture.ts';

describe.each(storeKinds)('a stream of a job that is closed on %s', (kind) => {
  let store: OpenStore;
  let gateway: TestGateway;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterEach(() => gateway.close());
  afterAll(() => store.close());

  /** A stream of which the first event is there; its job is closed, the upstream goes on when told to. */
  async function streamOfClosedJob(closings: JobClosings) {
    const { taskId, work } = await insertRunningRound(store.db);
    const caller = { ...CALLER, taskId, jobName: work.name };
    const identity = { identify: async () => ({ ok: true, caller }) as const };
    gateway = await startModelGateway(store, { closings, identity });
    const { promise: rest, resolve: goOn } = Promise.withResolvers<void>();
    gateway.upstream.script({ gate: () => rest });
    const answer = await gateway.post(question({ stream: true }));
    await store.db.transaction().execute((trx) => closeJob(trx, work.name, 'aborted'));
    return { answer, goOn, signal: closings.signalFor(work.name) };
  }

  it('is cut by the next look at the record, and so is the call upstream', async () => {
    const clock = new FakeClock();
    const closings = watchJobClosings({ db: store.db, clock, log: createLog('silent') });
    const { answer, signal } = await streamOfClosedJob(closings);
    await lookUntil(clock, () => signal.aborted);
    await expect(answer.text()).rejects.toThrow();
    await expect.poll(() => gateway.upstream.cancelled()).toBe(1);
    closings.close();
  });

  it('counter-test: where nobody looks, it runs on to its end', async () => {
    const { answer, goOn } = await streamOfClosedJob(openClosings);
    goOn();
    expect(await answer.text()).toContain('message_stop');
    expect(gateway.upstream.cancelled()).toBe(0);
  });
});
