import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Phase } from '../../../src/result/contract/phase-spec.ts';
import { type OpenStore, openDatabase } from '../../../src/task/open-database.ts';
import { bindJob } from '../../../src/task/store/bind-job.ts';
import { checkPhase, type PhaseCaller, readPhase } from '../../../src/task/store/check-phase.ts';
import { closeJob } from '../../../src/task/store/close-job.ts';
import { insertJob, insertRunningRound, type RunningJob } from '../../builders/running-job.ts';
import { insertRound } from '../../builders/task-row.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';

const callerOf = (job: RunningJob, phase: Phase, podUid: string | null = null): PhaseCaller => ({
  taskId: job.taskId,
  jobName: job.name,
  phase,
  podUid,
});

describe.each(storeKinds)('a phase of a job on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  const read = (caller: PhaseCaller) => store.db.transaction().execute((trx) => readPhase(trx, caller));
  const reasonOf = async (caller: PhaseCaller): Promise<string> => {
    const standing = await read(caller);
    return standing.open ? 'open' : standing.reason;
  };
  const setTask = (taskId: string, set: Record<string, unknown>) =>
    store.db.updateTable('task').set(set).where('id', '=', taskId).execute();

  it('only moves forward: a later one closes those before it, for good', async () => {
    const { work } = await insertRunningRound(store.db);
    expect(await reasonOf(callerOf(work, 'fetch'))).toBe('open');
    expect(await reasonOf(callerOf(work, 'setup'))).toBe('open');
    expect(await reasonOf(callerOf(work, 'fetch'))).toBe('phase-over');
    expect(await reasonOf(callerOf(work, 'work'))).toBe('open');
    expect(await reasonOf(callerOf(work, 'setup'))).toBe('phase-over');
    expect(await reasonOf(callerOf(work, 'work'))).toBe('open');
  });

  it('may be skipped: setup is left out where there is nothing to do', async () => {
    const { work } = await insertRunningRound(store.db);
    expect(await reasonOf(callerOf(work, 'work'))).toBe('open');
    expect(await reasonOf(callerOf(work, 'fetch'))).toBe('phase-over');
  });

  it('is entered once, with an event of the audit and a wake-up', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    await setTask(taskId, { wake_at: null });
    for (const phase of ['fetch', 'fetch', 'work'] as const) await read(callerOf(work, phase));
    const events = await store.db
      .selectFrom('audit_event')
      .select('data')
      .where('task_id', '=', taskId)
      .where('type', '=', 'job.phase')
      .orderBy('seq')
      .execute();
    expect(events.map((event) => event.data)).toEqual([
      { job: work.name, phase: 'fetch' },
      { job: work.name, phase: 'work' },
    ]);
    const task = await store.db
      .selectFrom('task')
      .select('wake_at')
      .where('id', '=', taskId)
      .executeTakeFirstOrThrow();
    expect(task.wake_at).not.toBeNull();
  });

  it('of one job says nothing about the other job of its round', async () => {
    const { work, verify } = await insertRunningRound(store.db);
    expect(await reasonOf(callerOf(work, 'work'))).toBe('open');
    expect(await reasonOf(callerOf(verify, 'fetch'))).toBe('open');
    expect(await reasonOf(callerOf(verify, 'deliver'))).toBe('open');
    expect(await reasonOf(callerOf(work, 'work'))).toBe('open');
  });

  it('is one of its job: verify has no token, whoever claims one, and only the verify job delivers', async () => {
    const { work, verify } = await insertRunningRound(store.db);
    expect(await reasonOf(callerOf(verify, 'verify'))).toBe('phase-not-of-job');
    expect(await reasonOf(callerOf(work, 'verify'))).toBe('phase-not-of-job');
    expect(await reasonOf(callerOf(work, 'deliver'))).toBe('phase-not-of-job');
    expect(await reasonOf(callerOf(verify, 'work'))).toBe('phase-not-of-job');
  });

  it('is closed with its job', async () => {
    const { work } = await insertRunningRound(store.db);
    await store.db.transaction().execute((trx) => closeJob(trx, work.name, 'sealed'));
    expect(await reasonOf(callerOf(work, 'work'))).toBe('job-closed');
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'an abort',
      { abort: JSON.stringify({ login: 'octocat', at: '2026-01-05T14:05:02.000Z' }) },
      'task-aborting',
    ],
    ['a later round', { round: 2 }, 'round-over'],
    ['a later attempt', { attempt: 2 }, 'round-over'],
    ['its task', { state: 'ended', outcome: 'aborted', ended_at: new Date(0) }, 'task-ended'],
  ])('is closed by %s', async (_, set, reason) => {
    const { taskId, work } = await insertRunningRound(store.db);
    await setTask(taskId, set);
    expect(await reasonOf(callerOf(work, 'work'))).toBe(reason);
  });

  it('is closed with its round', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    await store.db
      .updateTable('round')
      .set({ ended_at: new Date(0) })
      .where('task_id', '=', taskId)
      .execute();
    expect(await reasonOf(callerOf(work, 'work'))).toBe('round-over');
  });

  it('goes on in the next round only for the next job', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    await insertRound(store.db, taskId, { number: 2 });
    const next = await insertJob(store.db, { taskId, kind: 'work', round: 2 });
    expect(await reasonOf(callerOf(next, 'work'))).toBe('round-over');
    await setTask(taskId, { round: 2 });
    expect(await reasonOf(callerOf(next, 'work'))).toBe('open');
    expect(await reasonOf(callerOf(work, 'work'))).toBe('round-over');
  });

  it('is unknown for a job of another task', async () => {
    const one = await insertRunningRound(store.db);
    const other = await insertRunningRound(store.db);
    expect(await reasonOf({ ...callerOf(one.work, 'work'), taskId: other.taskId })).toBe('job-unknown');
    expect(await reasonOf({ ...callerOf(one.work, 'work'), jobName: 'gb-none' })).toBe('job-unknown');
  });

  it('counter-test: looked up by its name alone, the job is open to whoever names it', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    const row = await store.db
      .selectFrom('job')
      .select(['task_id', 'closed_at'])
      .where('name', '=', work.name)
      .executeTakeFirst();
    expect(row).toEqual({ task_id: taskId, closed_at: null });
  });

  it('belongs to the first pod that takes the spec, and to no pod before', async () => {
    const { work } = await insertRunningRound(store.db);
    expect(await reasonOf(callerOf(work, 'fetch', 'pod-a'))).toBe('pod-unbound');
    const bind = (uid: string) => store.db.transaction().execute((trx) => bindJob(trx, work.name, uid));
    expect(await bind('pod-a')).toBe(true);
    expect(await bind('pod-b')).toBe(false);
    expect(await bind('pod-a')).toBe(true);
    expect(await reasonOf(callerOf(work, 'fetch', 'pod-a'))).toBe('open');
    expect(await reasonOf(callerOf(work, 'work', 'pod-b'))).toBe('other-pod');
    expect(await reasonOf(callerOf(work, 'work'))).toBe('other-pod');
    expect(await reasonOf(callerOf(work, 'fetch', 'pod-a'))).toBe('open');
  });

  it('a refused call does not move it', async () => {
    const { work } = await insertRunningRound(store.db);
    await read(callerOf(work, 'fetch'));
    await read(callerOf(work, 'work', 'pod-b'));
    expect(await reasonOf(callerOf(work, 'fetch'))).toBe('open');
  });
});

describe.runIf(storeKinds.includes('postgres'))('two replicas of the gateway on postgres', () => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let replica: OpenStore;
  beforeAll(async () => {
    store = await openTestStore('postgres');
    replica = await openDatabase({ kind: 'postgres', url: store.url ?? '', maxConnections: 4 });
  });
  afterAll(async () => {
    await replica.close();
    await store.close();
  });

  /** Resolves when somebody waits for a lock in this database. */
  async function someoneWaits(): Promise<void> {
    for (;;) {
      const { rows } = await sql<{ count: bigint }>`
        select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(store.db);
      if ((rows[0]?.count ?? 0n) > 0n) return;
    }
  }

  it('a closing that is not yet committed is waited for, and seen', async () => {
    const { work } = await insertRunningRound(store.db);
    let waiting: Promise<'open' | 'closed'> | undefined;
    await store.db.transaction().execute(async (trx) => {
      await closeJob(trx, work.name, 'aborted');
      waiting = replica.db.transaction().execute((other) => checkPhase(other, callerOf(work, 'work')));
      await someoneWaits();
    });
    expect(await waiting).toBe('closed');
  });

  it('counter-test: a read outside of the locks would have said that the job is open', async () => {
    const { work } = await insertRunningRound(store.db);
    await store.db.transaction().execute(async (trx) => {
      await closeJob(trx, work.name, 'aborted');
      const row = await replica.db
        .selectFrom('job')
        .select('closed_at')
        .where('name', '=', work.name)
        .executeTakeFirst();
      expect(row?.closed_at).toBeNull();
    });
  });

  it('a closing waits for the call that was first, so nothing is written after it', async () => {
    const { work } = await insertRunningRound(store.db);
    let closing: Promise<boolean> | undefined;
    await store.db.transaction().execute(async (trx) => {
      expect(await checkPhase(trx, callerOf(work, 'work'))).toBe('open');
      closing = replica.db.transaction().execute((other) => closeJob(other, work.name, 'aborted'));
      await someoneWaits();
      expect(await checkPhase(trx, callerOf(work, 'work'))).toBe('open');
    });
    expect(await closing).toBe(true);
  });

  it('a later phase that begins on one replica closes the earlier one on the other', async () => {
    const { work } = await insertRunningRound(store.db);
    const on = (db: OpenStore['db'], phase: Phase) =>
      db.transaction().execute((trx) => checkPhase(trx, callerOf(work, phase)));
    expect(await on(store.db, 'setup')).toBe('open');
    expect(await on(replica.db, 'work')).toBe('open');
    expect(await on(store.db, 'setup')).toBe('closed');
  });

  it('of two pods that take the spec at once, exactly one is bound', async () => {
    const { work } = await insertRunningRound(store.db);
    const bind = (db: OpenStore['db'], uid: string) =>
      db.transaction().execute(async (trx) => {
        await readPhase(trx, callerOf(work, 'fetch', uid));
        return bindJob(trx, work.name, uid);
      });
    const bound = await Promise.all([bind(store.db, 'pod-a'), bind(replica.db, 'pod-b')]);
    expect(bound.filter(Boolean)).toHaveLength(1);
  });
});
