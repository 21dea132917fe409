/** When a status comment that cannot be written is tried again: soon at first, rarely later, and not for ever. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepDeps } from '../../src/controller/controller-deps.ts';
import { oneAtATime } from '../../src/controller/one-at-a-time.ts';
import { syncStatus } from '../../src/controller/sync-status.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { insertTask } from '../builders/task-row.ts';
import { ControllerWorld } from '../fixtures/controller-world.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe.each(storeKinds)('a status comment that GitHub refuses, on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  const depsWith = (sync: StepDeps['status']['sync']): StepDeps => ({
    ...new ControllerWorld(store.db).deps({}, { status: { sync } }),
    roomFreed: () => {},
    starts: oneAtATime(),
  });
  const refuse = async (): Promise<never> => {
    throw new GloveboxError({ code: 'github-refused', message: '403', values: { status: 403 } });
  };
  const columnsOf = (id: string) =>
    store.db
      .selectFrom('task')
      .select(['surface_due_at', 'surface_failing_since'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();

  /** One try after so long a time of failing; in how many milliseconds the next one is due, null for never. */
  async function nextAfter(id: string, failingMs: number | null): Promise<number | null> {
    const since =
      failingMs === null ? null : sql<Date>`now() - ${failingMs}::float8 * interval '1 millisecond'`;
    await store.db
      .updateTable('task')
      .set({ surface_due_at: new Date(0), surface_failing_since: since })
      .where('id', '=', id)
      .execute();
    await syncStatus(depsWith(refuse), { taskId: id, epoch: 0, check: async () => 30_000 });
    const { surface_due_at: due } = await columnsOf(id);
    return due === null ? null : due.getTime() - Date.now();
  }

  it.each([
    ['at first', null, 15 * SECOND_MS],
    ['after a minute', 60 * SECOND_MS, 15 * SECOND_MS],
    ['after four hours', 4 * HOUR_MS, HOUR_MS],
    ['after three days', 3 * DAY_MS, 4 * HOUR_MS],
  ] as const)('is tried again %s of failing, later and later', async (_when, failingMs, wantedMs) => {
    const next = await nextAfter(await insertTask(store.db), failingMs);
    expect(next).toBeGreaterThan(wantedMs - 5 * SECOND_MS);
    expect(next).toBeLessThan(wantedMs + 5 * SECOND_MS);
  });

  it('is given up after a week', async () => {
    expect(await nextAfter(await insertTask(store.db), 7 * DAY_MS + HOUR_MS)).toBeNull();
  });

  it('keeps the time of its first failure, and forgets it with a success', async () => {
    const id = await insertTask(store.db);
    await nextAfter(id, null);
    expect((await columnsOf(id)).surface_failing_since).not.toBeNull();
    await nextAfter(id, DAY_MS);
    const since = (await columnsOf(id)).surface_failing_since?.getTime() ?? 0;
    expect(Date.now() - since).toBeGreaterThan(DAY_MS - HOUR_MS);
    await store.db
      .updateTable('task')
      .set({ surface_due_at: new Date(0) })
      .where('id', '=', id)
      .execute();
    await syncStatus(
      depsWith(async () => null),
      { taskId: id, epoch: 0, check: async () => 30_000 },
    );
    expect(await columnsOf(id)).toEqual({ surface_due_at: null, surface_failing_since: null });
  });
});
