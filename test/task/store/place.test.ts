/** Places for sandboxes: counted by namespace, given in the order of rank and waiting, once each. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { PLACE_RANK } from '../../../src/task/place-rank.ts';
import { createJob } from '../../../src/task/store/create-job.ts';
import { hasPlace, standInLine, takePlace } from '../../../src/task/store/place.ts';
import { readStoreId } from '../../../src/task/store/store-id.ts';
import { insertRound, insertTask } from '../../builders/task-row.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';

describe.each(storeKinds)('places on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  const taskIn = async (namespace: string): Promise<string> => {
    const id = await insertTask(store.db, { state: 'working', namespace });
    await insertRound(store.db, id);
    return id;
  };
  const ask = (taskId: string, namespace: string, rank: number, pods: number) => ({
    taskId,
    namespace,
    rank,
    pods,
  });
  /** Takes a place and puts a job there, as a launch does. */
  const launch = (taskId: string, namespace: string, rank: number, pods: number) =>
    store.db.transaction().execute(async (trx) => {
      await takePlace(trx, ask(taskId, namespace, rank, pods));
      const key = { taskId, attempt: 1, round: 1, kind: 'work' as const, number: 1 };
      await createJob(trx, { ...key, name: `gb-${taskId}`, spec: {}, namespace, tokenHashes: {} });
    });
  const wait = (taskId: string, namespace: string, rank: number) =>
    store.db.transaction().execute((trx) => standInLine(trx, { taskId, namespace, rank }));

  it('are counted by namespace, and one that is full stops no other', async () => {
    const [a, b] = [await taskIn('one'), await taskIn('one')];
    await launch(a, 'one', PLACE_RANK.work, 1);
    expect(await hasPlace(store.db, ask(b, 'one', PLACE_RANK.work, 1))).toBe(false);
    expect(await hasPlace(store.db, ask(b, 'two', PLACE_RANK.work, 1))).toBe(true);
    await expect(launch(b, 'one', PLACE_RANK.work, 1)).rejects.toMatchObject({ code: 'place-taken' });
  });

  it('are kept for sealed work that waits: new work may not take the last one', async () => {
    const [sealed, fresh] = [await taskIn('kept'), await taskIn('kept')];
    await wait(fresh, 'kept', PLACE_RANK.work);
    await wait(sealed, 'kept', PLACE_RANK.sealed);
    expect(await hasPlace(store.db, ask(fresh, 'kept', PLACE_RANK.work, 1))).toBe(false);
    expect(await hasPlace(store.db, ask(fresh, 'kept', PLACE_RANK.work, 2))).toBe(true);
    expect(await hasPlace(store.db, ask(sealed, 'kept', PLACE_RANK.sealed, 1))).toBe(true);
  });

  it('go to the longest waiting of a rank, and to a wish only where nobody waits', async () => {
    const [first, second, wish] = [await taskIn('line'), await taskIn('line'), await taskIn('line')];
    await wait(first, 'line', PLACE_RANK.work);
    await wait(second, 'line', PLACE_RANK.work);
    expect(await hasPlace(store.db, ask(second, 'line', PLACE_RANK.work, 1))).toBe(false);
    expect(await hasPlace(store.db, ask(first, 'line', PLACE_RANK.work, 1))).toBe(true);
    expect(await hasPlace(store.db, ask(wish, 'line', PLACE_RANK.early, 2))).toBe(false);
    expect(await hasPlace(store.db, ask(wish, 'line', PLACE_RANK.early, 3))).toBe(true);
  });

  it('are given once, however many ask in one moment', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => taskIn('race')));
    const ends = await Promise.allSettled(ids.map((id) => launch(id, 'race', PLACE_RANK.work, 3)));
    expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(3);
  });

  it('belong to a store with a name of its own that stays', async () => {
    const name = await readStoreId(store.db);
    expect(name).toMatch(/^[a-z0-9]{20}$/);
    expect(await readStoreId(store.db)).toBe(name);
  });
});
