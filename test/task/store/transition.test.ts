import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { maySwitch, STATE_TABLE } from '../../../src/task/state-table.ts';
import { loadTask } from '../../../src/task/store/load-task.ts';
import { lockSeen } from '../../../src/task/store/lock-seen.ts';
import { requestAbort } from '../../../src/task/store/request-abort.ts';
import { type StateChange, transition } from '../../../src/task/store/transition.ts';
import { type Task, TaskState } from '../../../src/task/task.ts';
import { insertTask } from '../../builders/task-row.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';

describe('the state table', () => {
  it.each(TaskState.options)('every state leads from %s to the end, or is it', (state) => {
    const reached = new Set<TaskState>([state]);
    for (const from of reached) for (const step of STATE_TABLE[from]) reached.add(step.to);
    expect(reached).toContain('ended');
    if (state === 'ended') expect(STATE_TABLE.ended).toEqual([]);
  });

  it('lets nobody but the controller move a task that runs', () => {
    const moves = TaskState.options
      .filter((state) => state !== 'accepted')
      .flatMap((from) => TaskState.options.filter((to) => maySwitch(from, to, 'webhook')));
    expect(moves).toEqual([]);
  });
});

describe.each(storeKinds)('a change of state on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  const move = (task: Task, change: StateChange) =>
    store.db.transaction().execute((trx) => transition(trx, task, change));
  const toQueued: StateChange = { to: 'queued', by: 'controller' };

  it('is made once, with its audit event; the second one from the same record is refused', async () => {
    const id = await insertTask(store.db);
    const task = await loadTask(store.db, id);
    expect(await move(task, toQueued)).toBe(task.version + 1);
    await expect(move(task, toQueued)).rejects.toMatchObject({ code: 'record-moved', retry: true });
    const events = await store.db
      .selectFrom('audit_event')
      .select('data')
      .where('task_id', '=', id)
      .where('type', '=', 'task.state')
      .execute();
    expect(events.map((event) => event.data)).toEqual([
      { from: 'accepted', to: 'queued', outcome: null, reason: null },
    ]);
  });

  it.each([
    ['another version', { version: 99 }],
    ['another epoch', { epoch: 99 }],
    ['another state', { state: 'queued' }],
  ] as const)('is refused for %s', async (_what, change) => {
    const task = { ...(await loadTask(store.db, await insertTask(store.db))), ...change };
    const step: StateChange = task.state === 'queued' ? { to: 'working', by: 'controller' } : toQueued;
    await expect(move(task, step)).rejects.toMatchObject({ code: 'record-moved' });
  });

  it('is refused where the table has no such step, and leaves nothing behind', async () => {
    const task = await loadTask(store.db, await insertTask(store.db));
    await expect(move(task, { to: 'publishing', by: 'controller' })).rejects.toMatchObject({
      code: 'transition-refused',
    });
    await expect(move(task, { to: 'ended', by: 'controller' })).rejects.toMatchObject({
      code: 'transition-refused',
    });
    expect((await loadTask(store.db, task.id)).version).toBe(task.version);
  });

  it('makes the status comment due and the failures none', async () => {
    const id = await insertTask(store.db, { surface_due_at: null, failures: 3 });
    await move(await loadTask(store.db, id), toQueued);
    const row = await store.db.selectFrom('task').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    expect(row.failures).toBe(0);
    expect(row.surface_due_at).not.toBeNull();
  });

  it('loses against an abort that came between, whatever it is', async () => {
    const task = await loadTask(store.db, await insertTask(store.db));
    await requestAbort(store.db, task.id, 'octocat');
    await expect(move(task, toQueued)).rejects.toMatchObject({ code: 'record-moved' });
    await expect(store.db.transaction().execute((trx) => lockSeen(trx, task))).rejects.toMatchObject({
      code: 'record-moved',
    });
  });
});

describe.runIf(storeKinds.includes('postgres'))('on postgres', () => {
  it('of ten that try the same step at once, one makes it', async () => {
    const store = await openTestStore('postgres');
    const task = await loadTask(store.db, await insertTask(store.db));
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () =>
        store.db.transaction().execute((trx) => transition(trx, task, { to: 'queued', by: 'controller' })),
      ),
    );
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    await store.close();
  });
});
