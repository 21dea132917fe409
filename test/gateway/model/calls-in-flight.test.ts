import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallsInFlight } from '../../../src/gateway/model/calls-in-flight.ts';
import { MODEL_LIMITS } from '../../../src/gateway/model/model-deps.ts';
import { recoverLost } from '../../../src/ledger/recover.ts';
import { reserve } from '../../../src/ledger/reserve.ts';
import { createLog } from '../../../src/shared/log.ts';
import { reservation } from '../../builders/ledger.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';

describe.each(storeKinds)('calls in flight whose leases ran out while the store was away, on %s', (kind) => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  const stateOf = async (rowId: string) =>
    (await store.db.selectFrom('ledger_row').select('state').where('id', '=', rowId).executeTakeFirst())
      ?.state;

  const reserveLapsed = (rowId: string) =>
    reserve(store, reservation({ rowId, scopes: [{ id: rowId, capNanoUsd: 50_000n }], leaseMs: -1 }));

  it('are renewed by their own gateway before it settles what others lost', async () => {
    const calls = new CallsInFlight({ db: store.db, log: createLog('silent'), limits: MODEL_LIMITS });
    await reserveLapsed('ours');
    await reserveLapsed('lost');
    calls.hold('ours');
    await calls.tend();
    expect([await stateOf('ours'), await stateOf('lost')]).toEqual(['reserved', 'bounded']);
    calls.drop('ours');
    await calls.close();
  });

  it('counter-test: a recovery that knows nothing of them takes them for lost', async () => {
    await reserveLapsed('taken');
    await recoverLost(store.db);
    expect(await stateOf('taken')).toBe('bounded');
  });
});
