/** What our side saw of a round's model calls, whatever its work says of its end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendAudit } from '../../../src/audit/append.ts';
import { reserve } from '../../../src/ledger/reserve.ts';
import { settle } from '../../../src/ledger/settle.ts';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { roundCalls } from '../../../src/task/store/round-calls.ts';
import { reservation, rowEnd } from '../../builders/ledger.ts';
import { insertRunningRound } from '../../builders/running-job.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';

const NOTHING = { refusedForMoney: false, answered: false, lastFailed: false };

describe.each(storeKinds)('the calls of a round on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  const seen = (taskId: string) => roundCalls(store.db, { taskId, attempt: 1, round: 1 });
  let calls = 0;
  const call = async (taskId: string, end: { status?: number; flags?: string[]; round?: number }) => {
    const rowId = `${taskId}-${calls++}`;
    await reserve(store, reservation({ rowId, taskId, round: end.round ?? 1 }));
    await settle(store.db, { ...rowEnd(rowId, 1n), status: end.status ?? 200, flags: end.flags ?? [] });
  };
  const refused = (taskId: string, job: string, reason: string) =>
    store.db.transaction().execute((trx) =>
      appendAudit(trx, taskId, {
        type: 'gateway.refused',
        data: { job, path: '/v1/messages', reason },
      }),
    );

  it('are none at first', async () => {
    const { taskId } = await insertRunningRound(store.db);
    expect(await seen(taskId)).toEqual(NOTHING);
  });

  it("are answered with the first answer of this round's, and failed where the upstream failed at the last", async () => {
    const { taskId } = await insertRunningRound(store.db);
    await call(taskId, { round: 2 });
    await call(taskId, { status: 400 });
    expect(await seen(taskId)).toEqual(NOTHING);
    await call(taskId, {});
    expect(await seen(taskId)).toEqual({ ...NOTHING, answered: true });
    await call(taskId, { status: 529 });
    expect(await seen(taskId)).toEqual({ ...NOTHING, answered: true, lastFailed: true });
  });

  it('were refused for money where the gateway said so of this work job, and not of another refusal', async () => {
    const { taskId, work, verify } = await insertRunningRound(store.db);
    await refused(taskId, work.name, 'phase-closed');
    await refused(taskId, verify.name, `cap-spent task:${taskId}`);
    await refused(taskId, 'gb-other-work-1', `cap-spent task:${taskId}`);
    expect((await seen(taskId)).refusedForMoney).toBe(false);
    await refused(taskId, work.name, `cap-spent task:${taskId}`);
    expect((await seen(taskId)).refusedForMoney).toBe(true);
  });

  it('are refused for money where an earlier answer named a price that we lack', async () => {
    const { taskId } = await insertRunningRound(store.db);
    await call(taskId, { flags: ['unpriced', 'web_search_requests'] });
    expect((await seen(taskId)).refusedForMoney).toBe(true);
  });
});
