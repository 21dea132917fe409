import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { checkLease } from '../../../src/task/store/check-lease.ts';
import { claimLease } from '../../../src/task/store/claim-lease.ts';
import { loadRecord } from '../../../src/task/store/load-record.ts';
import { loadTask } from '../../../src/task/store/load-task.ts';
import { releaseLease } from '../../../src/task/store/release-lease.ts';
import { readSurfaceDue, writeSurfaceDue } from '../../../src/task/store/surface-due.ts';
import { transition } from '../../../src/task/store/transition.ts';
import { wakeTask } from '../../../src/task/store/wake-task.ts';
import { wakeTasks } from '../../../src/task/store/wake-tasks.ts';
import { wakeUnfinished } from '../../../src/task/store/wake-unfinished.ts';
import { insertTask } from '../../builders/task-row.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';

const FAR = new Date('2100-01-01');

describe.each(storeKinds)('leases on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await store.db.updateTable('task').set({ wake_at: null, surface_due_at: null }).execute();
  });

  const claim = (holder: string, leaseMs = 60_000) => claimLease(store.db, { holder, leaseMs, limit: 10 });
  const expire = (id: string) =>
    store.db
      .updateTable('task')
      .set({ lease_until: sql<Date>`now() - interval '1 second'`, wake_at: sql<Date>`now()` })
      .where('id', '=', id)
      .execute();
  const wakeAt = async (id: string) =>
    (await store.db.selectFrom('task').select('wake_at').where('id', '=', id).executeTakeFirstOrThrow())
      .wake_at;

  it('are taken for due tasks only, the longest due first, up to the limit', async () => {
    const late = await insertTask(store.db, { wake_at: new Date(1_000) });
    const early = await insertTask(store.db, { wake_at: new Date(500) });
    await insertTask(store.db, { wake_at: FAR, surface_due_at: FAR });
    const first = await claimLease(store.db, { holder: 'a', leaseMs: 60_000, limit: 1 });
    expect(first.map((one) => one.taskId)).toEqual([early]);
    expect((await claim('a')).map((one) => one.taskId)).toEqual([late]);
  });

  it('are taken past due tasks that somebody holds, however few are asked for', async () => {
    const held = await insertTask(store.db, { wake_at: new Date(500), surface_due_at: new Date(500) });
    await claimLease(store.db, { holder: 'a', leaseMs: 60_000, limit: 1 });
    await wakeTask(store.db, held);
    const free = await insertTask(store.db, { wake_at: new Date(1_000), surface_due_at: new Date(1_000) });
    const claimed = await claimLease(store.db, { holder: 'b', leaseMs: 60_000, limit: 1 });
    expect(claimed).toEqual([{ taskId: free, epoch: 1 }]);
  });

  it('are taken for a status comment whose time has come, also of an ended task', async () => {
    const id = await insertTask(store.db, {
      state: 'ended',
      outcome: 'verified',
      ended_at: new Date(),
      wake_at: null,
      surface_due_at: new Date(0),
    });
    expect((await claim('a')).map((one) => one.taskId)).toEqual([id]);
  });

  it('belong to one holder until they run out, and grow the epoch', async () => {
    const id = await insertTask(store.db);
    const [first] = await claim('a');
    await wakeTask(store.db, id);
    expect(await claim('b')).toEqual([]);
    await expire(id);
    expect(await claim('b')).toEqual([{ taskId: id, epoch: (first?.epoch ?? 0) + 1 }]);
  });

  it('are lost to whoever slept through them, and renewed by whoever did not', async () => {
    const id = await insertTask(store.db);
    const [held] = await claim('a');
    const lease = { taskId: id, epoch: held?.epoch ?? 0, leaseMs: 30_000 };
    expect(await checkLease(store.db, lease)).toBe(30_000);
    await expire(id);
    await expect(checkLease(store.db, lease)).rejects.toMatchObject({ code: 'lease-lost' });
    await claim('b');
    await expect(checkLease(store.db, lease)).rejects.toMatchObject({ code: 'lease-lost' });
  });

  it('come due by themselves when their holder died', async () => {
    const id = await insertTask(store.db);
    await claim('a', 1);
    await expect.poll(async () => (await claim('b')).map((one) => one.taskId)).toEqual([id]);
  });

  it('keep a wake-up that came while they were held', async () => {
    const id = await insertTask(store.db);
    const [held] = await claim('a');
    await wakeTask(store.db, id);
    await releaseLease(store.db, { taskId: id, epoch: held?.epoch ?? 0, wakeAfterMs: 60_000, failures: 0 });
    expect((await claim('b')).map((one) => one.taskId)).toEqual([id]);
  });

  it.each([60_000, null])(
    'keep a wake-up for later that came while they were held (wake after %s)',
    async (wakeAfterMs) => {
      const id = await insertTask(store.db, { surface_due_at: null });
      const [held] = await claim('a');
      const lease = { taskId: id, epoch: held?.epoch ?? 0 };
      await checkLease(store.db, { ...lease, leaseMs: 60_000 });
      await wakeTasks(store.db, [id], 5_000);
      await checkLease(store.db, { ...lease, leaseMs: 60_000 });
      await releaseLease(store.db, { ...lease, wakeAfterMs, failures: 0 });
      expect((await wakeAt(id))?.getTime()).toBeLessThan(Date.now() + 10_000);
    },
  );

  it('that were renewed for long, and nobody woken meanwhile, are due when they were given back for', async () => {
    const id = await insertTask(store.db, { surface_due_at: null });
    const [held] = await claim('a', 500);
    const firstEnd = (await wakeAt(id))?.getTime() ?? Number.POSITIVE_INFINITY;
    const lease = { taskId: id, epoch: held?.epoch ?? 0 };
    await checkLease(store.db, { ...lease, leaseMs: 60_000 });
    await expect.poll(() => Date.now()).toBeGreaterThan(firstEnd);
    await releaseLease(store.db, { ...lease, wakeAfterMs: null, failures: 0 });
    expect(await wakeAt(id)).toBeNull();
  });

  it.each([
    [60_000, 'later'],
    [null, 'never'],
  ] as const)('given back with %s are due %s', async (wakeAfterMs, when) => {
    const id = await insertTask(store.db, { surface_due_at: null });
    const [held] = await claim('a');
    await releaseLease(store.db, { taskId: id, epoch: held?.epoch ?? 0, wakeAfterMs, failures: 2 });
    const at = await wakeAt(id);
    expect(at === null ? 'never' : at.getTime() > Date.now() + 30_000 && 'later').toBe(when);
    expect(await claim('b')).toEqual([]);
  });

  it('given back say since when a step fails: from its first failure, until a success or another state', async () => {
    const id = await insertTask(store.db);
    const since = async (failures: number) => {
      await store.db
        .updateTable('task')
        .set({ wake_at: new Date(0) })
        .where('id', '=', id)
        .execute();
      const [held] = await claim('a');
      await releaseLease(store.db, { taskId: id, epoch: held?.epoch ?? 0, wakeAfterMs: null, failures });
      return (await loadRecord(store.db, id))?.failingSince;
    };
    expect(await since(0)).toBeNull();
    const first = await since(1);
    expect(first).toBeInstanceOf(Date);
    expect(await since(1)).toEqual(first);
    expect(await since(2)).toEqual(first);
    expect(await since(0)).toBeNull();
    const again = await since(1);
    expect(again?.getTime()).toBeGreaterThan(first?.getTime() ?? Number.POSITIVE_INFINITY);
    const task = await loadTask(store.db, id);
    await store.db.transaction().execute((trx) => transition(trx, task, { to: 'queued', by: 'controller' }));
    expect(await loadRecord(store.db, id)).toMatchObject({ failures: 0, failingSince: null });
  });

  /** Bot `a` sleeps through its lease, `b` takes it over; then `a` wakes and writes. Whose task is it, and in what state? */
  async function afterWaking(write: (id: string, epoch: number) => Promise<unknown>): Promise<unknown> {
    const id = await insertTask(store.db);
    const [held] = await claim('a');
    await expire(id);
    await claim('b');
    await write(id, held?.epoch ?? 0);
    const columns = store.db.selectFrom('task').select(['lease_holder', 'failures']).where('id', '=', id);
    return columns.executeTakeFirstOrThrow();
  }

  it('given back by somebody who lost them change nothing', async () => {
    const write = (taskId: string, epoch: number): Promise<unknown> =>
      releaseLease(store.db, { taskId, epoch, wakeAfterMs: 0, failures: 9 });
    expect(await afterWaking(write)).toEqual({ lease_holder: 'b', failures: 0 });
  });

  it('counter-test: given back without the epoch, they are taken from whoever has them now', async () => {
    const write = (id: string): Promise<unknown> =>
      store.db.updateTable('task').set({ lease_holder: null, failures: 9 }).where('id', '=', id).execute();
    expect(await afterWaking(write)).toEqual({ lease_holder: null, failures: 9 });
  });

  it('never lose a status change that came while the comment was written', async () => {
    const id = await insertTask(store.db, { surface_due_at: new Date(0) });
    const due = await readSurfaceDue(store.db, id);
    await store.db
      .updateTable('task')
      .set({ surface_due_at: sql<Date>`now()` })
      .where('id', '=', id)
      .execute();
    await writeSurfaceDue(store.db, { taskId: id, seen: due?.token ?? '', next: null, failed: false });
    const again = await readSurfaceDue(store.db, id);
    expect(again).not.toBeNull();
    await writeSurfaceDue(store.db, { taskId: id, seen: again?.token ?? '', next: null, failed: false });
    expect(await readSurfaceDue(store.db, id)).toBeNull();
  });

  it('are due for every unfinished task at a resync, and for no other', async () => {
    const open = await insertTask(store.db, { wake_at: null, surface_due_at: null });
    const done = await insertTask(store.db, {
      state: 'ended',
      outcome: 'refused',
      ended_at: new Date(),
      wake_at: null,
      surface_due_at: null,
    });
    await wakeUnfinished(store.db, 0);
    const ids = (await claimLease(store.db, { holder: 'a', leaseMs: 60_000, limit: 1_000 })).map(
      (one) => one.taskId,
    );
    expect(ids).toContain(open);
    expect(ids).not.toContain(done);
  });
});

describe.runIf(storeKinds.includes('postgres'))('ten bots on postgres', () => {
  const TASKS = 40;
  const BOTS = Array.from({ length: 10 }, (_, index) => `bot-${index}`);
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore('postgres');
  });
  afterAll(() => store.close());

  /** All of them look for work at once; the tasks that they act on, all together. */
  async function actedOn(find: (bot: string) => Promise<readonly string[]>): Promise<readonly string[]> {
    await store.db.deleteFrom('task').execute();
    for (let count = 0; count < TASKS; count += 1) await insertTask(store.db);
    return (await Promise.all(BOTS.map(find))).flat();
  }

  it('never hold the same task', async () => {
    const ids = await actedOn(async (holder) =>
      (await claimLease(store.db, { holder, leaseMs: 60_000, limit: 7 })).map((one) => one.taskId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(TASKS);
  });

  it('counter-test: that look for due tasks without taking them all act on the same', async () => {
    const due = store.db.selectFrom('task').select('id').where('wake_at', '<=', sql<Date>`now()`);
    const ids = await actedOn(async () =>
      (await due.orderBy('wake_at').limit(7).execute()).map((one) => one.id),
    );
    expect([ids.length, new Set(ids).size]).toEqual([70, 7]);
  });

  it('counter-test: that move a task by a plain update all believe that they moved it', async () => {
    const id = await insertTask(store.db);
    const moves = await Promise.all(
      BOTS.map(() =>
        store.db.updateTable('task').set({ state: 'queued' }).where('id', '=', id).executeTakeFirst(),
      ),
    );
    expect(moves.filter((move) => move.numUpdatedRows === 1n)).toHaveLength(BOTS.length);
  });
});
