import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/shared/log.ts';
import { listenForWakes } from '../../../src/task/store/listen-wakes.ts';
import { wakeTask } from '../../../src/task/store/wake-task.ts';
import { insertTask } from '../../builders/task-row.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';

describe.runIf(storeKinds.includes('postgres'))('wake-ups on postgres', () => {
  it('are heard when their transaction commits, and again after the connection was lost', async () => {
    const store = await openTestStore('postgres');
    const id = await insertTask(store.db);
    const heard: string[] = [];
    const listener = await listenForWakes(
      store.url ?? '',
      (taskId) => heard.push(taskId),
      createLog('silent'),
    );
    await store.db.transaction().execute(async (trx) => {
      await wakeTask(trx, id);
      expect(heard).toEqual([]);
    });
    await expect.poll(() => heard).toEqual([id]);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%' and datname = current_database()`.execute(
      store.db,
    );
    await expect
      .poll(
        async () => {
          await wakeTask(store.db, id);
          return heard.length;
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(1);
    await listener.close();
    await store.close();
  });
});
