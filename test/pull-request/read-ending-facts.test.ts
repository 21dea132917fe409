/** How a task's money ended, as the record has it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendAudit } from '../../src/audit/append.ts';
import { reserve } from '../../src/ledger/reserve.ts';
import { settle } from '../../src/ledger/settle.ts';
import { readEndingFacts } from '../../src/pull-request/read-ending-facts.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { reservation, rowEnd } from '../builders/ledger.ts';
import { ENDED } from '../builders/status-view.ts';
import { buildTask } from '../builders/task-record.ts';
import { insertTask } from '../builders/task-row.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('what ended the money of a task on %s', (kind) => {
  let store: OpenStore;
  let id: string;
  beforeAll(async () => {
    store = await openTestStore(kind);
    id = await insertTask(store.db);
  });
  afterAll(() => store.close());

  const refused = (reason: string) =>
    store.db.transaction().execute((trx) =>
      appendAudit(trx, id, {
        type: 'gateway.refused',
        data: { job: null, path: '/v1/messages', reason },
      }),
    );

  it('is the cap of the last refused call, or the task where none was refused', async () => {
    const task = buildTask({ id, ...ENDED, outcome: 'budget-reached' });
    expect(await readEndingFacts(store.db, task)).toEqual({ spentCap: 'task', cutAfterMs: null });
    await refused('cap-spent repository:2:day:2026-01-02');
    await refused('phase-closed');
    expect((await readEndingFacts(store.db, task)).spentCap).toBe('repository');
    await refused(`cap-spent task:${id}`);
    expect((await readEndingFacts(store.db, task)).spentCap).toBe('task');
  });

  it('is the call that an abort cut, and none where none was under way', async () => {
    const ends = { cut: ['cut'], whole: [] };
    for (const [rowId, flags] of Object.entries(ends)) {
      await reserve(store, reservation({ rowId, taskId: id }));
      await settle(store.db, { ...rowEnd(rowId, 1n), flags });
    }
    const abortAt = (at: string) =>
      readEndingFacts(
        store.db,
        buildTask({
          id,
          ...ENDED,
          outcome: 'aborted',
          abort: { login: 'octocat', at },
        }),
      );
    await store.db
      .updateTable('ledger_row')
      .set({
        created_at: new Date('2026-01-02T14:00:00.000Z'),
        settled_at: new Date('2026-01-02T14:00:02.800Z'),
      })
      .execute();
    expect((await abortAt('2026-01-02T14:00:02.000Z')).cutAfterMs).toBeCloseTo(800, 3);
    expect((await abortAt('2026-01-02T14:00:03.000Z')).cutAfterMs).toBeNull();
    expect((await abortAt('2026-01-02T13:59:59.000Z')).cutAfterMs).toBeNull();
  });
});
