/** The money of a round and its verdict: nothing is judged before the last call of it is on the bill. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decide } from '../../src/controller/decide.ts';
import { nextAction } from '../../src/controller/next-action.ts';
import { readTaskCost } from '../../src/ledger/read-task-cost.ts';
import { reserve } from '../../src/ledger/reserve.ts';
import { settle } from '../../src/ledger/settle.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { reservation, rowEnd } from '../builders/ledger.ts';
import { insertTask } from '../builders/task-row.ts';
import { ControllerWorld } from '../fixtures/controller-world.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('a task with an open call on %s', (kind) => {
  let store: OpenStore;
  let world: ControllerWorld;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(() => {
    world = new ControllerWorld(store.db);
  });
  afterEach(() => world.close());

  it('is not judged while a call of it is open, and the audit has every call before the verdict', async () => {
    const id = await insertTask(store.db);
    const row = `open-${id}`;
    await reserve(
      store,
      reservation({ rowId: row, taskId: id, scopes: [{ id: `task:${id}`, capNanoUsd: 10_000n }] }),
    );
    world.start();
    await world.until(id, ({ task }) => task.state === 'judging');
    const other = await insertTask(store.db);
    await world.ended(other);
    expect(world.judge.judged).toEqual([`${other}/1/1`]);

    await settle(store.db, rowEnd(row, 10n));
    await world.ended(id);
    const events = await store.db
      .selectFrom('audit_event')
      .select(['type', 'data'])
      .where('task_id', '=', id)
      .where('type', 'in', ['gateway.calls', 'round.judged'])
      .orderBy('seq')
      .execute();
    expect(events.map((event) => event.type)).toEqual(['gateway.calls', 'round.judged']);
    expect(events[0]?.data).toMatchObject({ count: 1 });
  });

  it('waits for the money: no verdict while a call of the task is not settled', async () => {
    const id = await insertTask(store.db);
    const row = {
      id: `row-${id}`,
      request_id: `request-${id}`,
      scopes: [],
      task_id: id,
      model: 'claude-sonnet-4-6',
      state: 'reserved',
      reserved_nano_usd: 5n,
      gateway: 'gateway-a',
      lease_until: new Date(Date.now() + 60_000),
    };
    await store.db.insertInto('ledger_row').values(row).execute();
    world.start();
    await world.until(id, ({ task }) => task.state === 'judging');
    expect(world.judge.judged).toEqual([]);
    await store.db
      .updateTable('ledger_row')
      .set({ state: 'exact', settled_nano_usd: 5n })
      .where('id', '=', row.id)
      .execute();
    await store.db
      .updateTable('task')
      .set({ wake_at: new Date(0) })
      .where('id', '=', id)
      .execute();
    await world.ended(id);
    expect(world.judge.judged).toEqual([`${id}/1/1`]);
  });

  const spent = async (taskId: string): Promise<bigint> =>
    (await readTaskCost(store.db, { taskId, repositoryId: 22, nowMs: Date.now() })).spentNanoUsd;

  it('counter-test: whoever is not told of the call judges the same record, on a bill that lacks it', async () => {
    const id = await insertTask(store.db);
    const scopes = [{ id: `task:${id}`, capNanoUsd: 10_000n }];
    await reserve(store, reservation({ rowId: `open-${id}`, taskId: id, scopes }));
    world.start();
    const record = await world.until(
      id,
      ({ task, jobs }) => task.state === 'judging' && jobs.every((job) => job.closedAt !== null),
    );
    expect(await nextAction(store.db, record, () => 8)).not.toEqual({ do: 'judge' });
    const untold = { openReservations: 0, budgetSpent: false, modelFailed: false, room: true };
    expect(decide(record, untold, record.readAt.getTime())).toEqual({ do: 'judge' });
    expect(await spent(id)).toBe(0n);
    await settle(store.db, rowEnd(`open-${id}`, 1_900n));
    expect(await spent(id)).toBe(1_900n);
    await world.ended(id);
  });
});
