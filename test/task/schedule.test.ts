import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenStore } from '../../src/task/open-database.ts';
import { type Place, startable } from '../../src/task/schedule.ts';
import { loadTask } from '../../src/task/store/load-task.ts';
import { queuePosition } from '../../src/task/store/queue-position.ts';
import { startTask } from '../../src/task/store/start-task.ts';
import { startableTasks } from '../../src/task/store/startable-tasks.ts';
import { wakeStartable } from '../../src/task/store/wake-startable.ts';
import { insertTask } from '../builders/task-row.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const at = (
  id: string,
  repositoryId: bigint,
  installationId = 1n,
  namespace: string | null = null,
): Place => ({
  id,
  repositoryId,
  installationId,
  namespace,
});

describe('who leaves the queue', () => {
  const caps = { repository: 2, installation: 3, all: 4 };
  it.each([
    ['nobody, where nobody waits', [], [], []],
    ['the oldest, up to the repository', [at('a', 1n), at('b', 1n), at('c', 1n)], [], ['a', 'b']],
    [
      'those of other repositories pass one that is full',
      [at('a', 1n), at('b', 2n)],
      [at('x', 1n), at('y', 1n)],
      ['b'],
    ],
    ['nobody of a full installation', [at('a', 4n)], [at('x', 1n), at('y', 2n), at('z', 3n)], []],
    [
      'nobody where all is full',
      [at('a', 9n, 2n)],
      [at('w', 1n), at('x', 2n), at('y', 3n), at('z', 8n, 3n)],
      [],
    ],
    [
      'another installation is not held up',
      [at('a', 1n), at('b', 9n, 2n)],
      [at('x', 1n), at('y', 1n)],
      ['b'],
    ],
  ] as const)('%s', (_what, queue, running, expected) => {
    const taken = { running: running.map((task) => ({ ...task, count: 1 })), freePods: () => 100 };
    expect([...startable(queue, taken, caps)]).toEqual(expected);
  });
});

describe('a namespace without a place', () => {
  const caps = { repository: 2, installation: 2, all: 4 };
  const taken = {
    running: [],
    freePods: (namespace: string | null) => (namespace === 'full' ? 0 : 1),
  };
  it('stops nobody of another one, and one place is given once', () => {
    const queue = [
      at('a', 1n, 1n, 'full'),
      at('b', 1n, 1n, 'roomy'),
      at('c', 2n, 1n, 'roomy'),
      at('d', 3n, 2n, 'other'),
    ];
    expect([...startable(queue, taken, caps)]).toEqual(['b', 'd']);
  });
});

describe.each(storeKinds)('the queue on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  it('reads past a long queue of one repository, and past a full namespace', async () => {
    const repository_id = 77n;
    const queued = (nth: number, more: object) => ({
      state: 'queued',
      created_at: new Date(nth),
      installation_id: 5n,
      ...more,
    });
    for (let nth = 0; nth < 4; nth += 1) await insertTask(store.db, queued(nth, { repository_id }));
    const full = await insertTask(store.db, queued(5, { repository_id: 78n, namespace: 'full' }));
    const free = await insertTask(store.db, queued(6, { repository_id: 79n, namespace: 'free' }));
    const room = {
      caps: { repository: 1, installation: 3, all: 9 },
      pods: (namespace: string | null) => (namespace === 'full' ? 0 : 9),
    };
    const chosen = await startableTasks(store.db, room);
    expect(chosen.has(full)).toBe(false);
    expect(chosen.has(free)).toBe(true);
    expect(chosen.size).toBe(2);
    await store.db
      .updateTable('task')
      .set({ wake_at: new Date(Date.now() + 3_600_000) })
      .where('installation_id', '=', 5n)
      .execute();
    expect(await wakeStartable(store.db, room)).toBe(2);
    await store.db.deleteFrom('task').where('installation_id', '=', 5n).execute();
  });

  it('starts no more than the caps, tells the others their place, and begins the round', async () => {
    const caps = { repository: 2, installation: 10, all: 10 };
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      ids.push(await insertTask(store.db, { state: 'queued', created_at: new Date(1_000 * index) }));
    }
    const tries = await Promise.all(
      ids.map(async (id) => {
        const task = await loadTask(store.db, id);
        const start = { task, attempt: 1, round: 1, room: { caps, pods: () => 100 } };
        let end = await startTask(store.db, start);
        while (end === 'busy') end = await startTask(store.db, start);
        return end;
      }),
    );
    expect(tries).toEqual(['begun', 'begun', 'no-room', 'no-room', 'no-room']);
    await insertTask(store.db, { state: 'working', installation_id: 99n });
    const running = { repository: 2, installation: 2, all: 3 };
    const positions = await Promise.all(ids.map((id) => queuePosition(store.db, id)));
    expect(positions).toEqual([
      null,
      null,
      { position: 1, length: 3, running },
      { position: 2, length: 3, running },
      { position: 3, length: 3, running },
    ]);
    const rounds = await store.db.selectFrom('round').select('task_id').execute();
    expect(rounds.map((round) => round.task_id).toSorted()).toEqual(ids.slice(0, 2).toSorted());
  });
});
