import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRoomLook } from '../../src/controller/look-for-room.ts';
import { createLog } from '../../src/shared/log.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { insertTask } from '../builders/task-row.ts';
import { openTestStore } from '../fixtures/test-store.ts';

const FAR = new Date('2100-01-01');

describe('a look for those who can use free room', () => {
  let store: OpenStore;
  let waiting: string;
  beforeAll(async () => {
    store = await openTestStore('pglite');
    waiting = await insertTask(store.db, { state: 'queued', wake_at: FAR, surface_due_at: null });
  });
  afterAll(() => store.close());

  /** Counts looks: each one asks once how many sandboxes the task's place takes. */
  function open(pods: () => number) {
    let told = 0;
    let told1: () => void = () => {};
    const once = new Promise<void>((resolve) => {
      told1 = resolve;
    });
    const look = createRoomLook({
      db: store.db,
      room: { caps: { repository: 9, installation: 9, all: 9 }, pods },
      log: createLog('silent'),
      woke: () => {
        told += 1;
        told1();
      },
    });
    return { look, once, told: () => told };
  }

  const sleepOn = () =>
    store.db.updateTable('task').set({ wake_at: FAR }).where('id', '=', waiting).execute();

  it('makes them due and says so, however many places became free in one moment', async () => {
    let looks = 0;
    const { look, once, told } = open(() => {
      looks += 1;
      return 9;
    });
    for (let freed = 0; freed < 100; freed += 1) look.freed();
    await once;
    await look.stop();
    const { wake_at: due } = await store.db
      .selectFrom('task')
      .select('wake_at')
      .where('id', '=', waiting)
      .executeTakeFirstOrThrow();
    expect(due?.getTime()).toBeLessThan(FAR.getTime());
    expect({ looks, told: told() }).toEqual({ looks: 1, told: 1 });
  });

  it('looks again for what became free while it looked', async () => {
    await sleepOn();
    let room = 0;
    const { look, once } = open(() => room);
    look.freed();
    await Promise.resolve();
    room = 9;
    look.freed();
    await once;
    await look.stop();
  });

  it('goes on after a store that did not answer', async () => {
    await sleepOn();
    let isAway = true;
    const { look, once } = open(() => {
      if (isAway) throw new Error('away');
      return 9;
    });
    look.freed();
    await new Promise((resolve) => setImmediate(resolve));
    isAway = false;
    look.freed();
    await once;
    await look.stop();
  });
});
