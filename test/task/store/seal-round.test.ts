import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeSet } from '../../../src/result/contract/change-set.ts';
import { digestOf } from '../../../src/shared/digest.ts';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { emptyChangeSet, getChangeSet, putChangeSet } from '../../../src/task/store/change-set-blob.ts';
import { closeJob } from '../../../src/task/store/close-job.ts';
import { createJob } from '../../../src/task/store/create-job.ts';
import { getBlob } from '../../../src/task/store/get-blob.ts';
import { loadRound } from '../../../src/task/store/load-rounds.ts';
import { loadTask } from '../../../src/task/store/load-task.ts';
import { putBlob } from '../../../src/task/store/put-blob.ts';
import { recordUpload } from '../../../src/task/store/record-upload.ts';
import { sealRound } from '../../../src/task/store/seal-round.ts';
import { BASE_SHA, insertRound, insertTask } from '../../builders/task-row.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';

const changed: ChangeSet = {
  ...emptyChangeSet(BASE_SHA),
  entries: [{ op: 'put', path: 'a.txt', mode: '100644', contentBase64: 'YQ==' }],
};

describe.each(storeKinds)('seal, uploads and jobs on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  const inTransaction = <Result>(work: (trx: OpenStore['db']) => Promise<Result>): Promise<Result> =>
    store.db.transaction().execute(work);

  async function roundWithJob(): Promise<{ taskId: string; jobName: string }> {
    const taskId = await insertTask(store.db);
    await insertRound(store.db, taskId);
    const jobName = `gb-${taskId}-work-1`;
    await inTransaction((trx) => createJob(trx, newJob(taskId, jobName)));
    return { taskId, jobName };
  }
  const newJob = (taskId: string, name: string) => ({
    name,
    taskId,
    attempt: 1,
    round: 1,
    kind: 'work' as const,
    number: 1,
    spec: { name },
    tokenHashes: {
      fetch: digestOf(`${name}/fetch/${Math.random()}`),
      work: digestOf(`${name}/${Math.random()}`),
    },
  });

  it('keeps the same bytes once, under their digest', async () => {
    const bytes = Buffer.from([0, 255, 10, 13]);
    const first = await putBlob(store.db, bytes);
    expect(await putBlob(store.db, bytes)).toBe(first);
    expect(first).toBe(digestOf(bytes));
    expect(Buffer.from(await getBlob(store.db, first))).toEqual(bytes);
    await expect(getBlob(store.db, digestOf('absent'))).rejects.toMatchObject({ code: 'blob-missing' });
  });

  it('gives a change set back by the identity that every process computes', async () => {
    const digest = await putChangeSet(store.db, changed);
    expect(await getChangeSet(store.db, digest)).toEqual(changed);
  });

  it('notices a stored change set that does not hash to its name; counter-test: read by its name alone it is taken', async () => {
    const wrong = digestOf('not this one');
    await store.db
      .insertInto('blob')
      .values({ digest: wrong, bytes: Buffer.from(JSON.stringify(changed)) })
      .execute();
    await expect(getChangeSet(store.db, wrong)).rejects.toMatchObject({ code: 'blob-spoilt' });
    expect(JSON.parse(Buffer.from(await getBlob(store.db, wrong)).toString('utf8'))).toEqual(changed);
  });

  it('lets the first seal win, tells the second what holds, and closes the work job', async () => {
    const { taskId, jobName } = await roundWithJob();
    const digest = await putChangeSet(store.db, changed);
    const other = await putChangeSet(store.db, emptyChangeSet(BASE_SHA));
    const seal = { taskId, attempt: 1, round: 1, narrative: 'done', workEnd: 'finished' };
    const first = await inTransaction((trx) => sealRound(trx, { ...seal, digest, by: 'work' }));
    const second = await inTransaction((trx) => sealRound(trx, { ...seal, digest: other, by: 'controller' }));
    expect(first).toEqual({ sealed: digest, won: true });
    expect(second).toEqual({ sealed: digest, won: false });
    const job = await store.db
      .selectFrom('job')
      .selectAll()
      .where('name', '=', jobName)
      .executeTakeFirstOrThrow();
    expect(job.closed_reason).toBe('sealed');
    expect(await loadRound(store.db, { taskId, attempt: 1, round: 1 })).toMatchObject({
      sealedDigest: digest,
      sealedBy: 'work',
      narrative: 'done',
    });
    const events = await store.db
      .selectFrom('audit_event')
      .select('type')
      .where('task_id', '=', taskId)
      .orderBy('seq')
      .execute();
    expect(events.map((event) => event.type)).toEqual(['job.created', 'change-set.sealed', 'job.closed']);
  });

  it('counter-test: written as plain updates, the second seal is the one that holds', async () => {
    const { taskId } = await roundWithJob();
    const digests = [
      await putChangeSet(store.db, changed),
      await putChangeSet(store.db, emptyChangeSet(BASE_SHA)),
    ];
    for (const sealed_digest of digests) {
      await store.db.updateTable('round').set({ sealed_digest }).where('task_id', '=', taskId).execute();
    }
    const round = await loadRound(store.db, { taskId, attempt: 1, round: 1 });
    expect(round?.sealedDigest).toBe(digests[1]);
  });

  it('refuses a seal and an upload in a round that is over', async () => {
    const { taskId, jobName } = await roundWithJob();
    const digest = await putChangeSet(store.db, changed);
    await store.db.updateTable('round').set({ ended_at: new Date() }).where('task_id', '=', taskId).execute();
    const at = { taskId, attempt: 1, round: 1, digest };
    await expect(
      inTransaction((trx) => sealRound(trx, { ...at, by: 'work', narrative: null, workEnd: null })),
    ).rejects.toMatchObject({ code: 'round-over' });
    await expect(inTransaction((trx) => recordUpload(trx, { ...at, jobName }))).rejects.toMatchObject({
      code: 'round-over',
    });
  });

  it('makes the task due at once, also while a lease is held', async () => {
    const { taskId, jobName } = await roundWithJob();
    await store.db
      .updateTable('task')
      .set({ wake_at: '2100-01-01', lease_holder: 'a', lease_until: '2100-01-01' })
      .where('id', '=', taskId)
      .execute();
    const digest = await putChangeSet(store.db, changed);
    await inTransaction((trx) => recordUpload(trx, { taskId, attempt: 1, round: 1, jobName, digest }));
    const row = await store.db
      .selectFrom('task')
      .select('wake_at')
      .where('id', '=', taskId)
      .executeTakeFirst();
    expect(row?.wake_at?.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);
  });

  it('adds tokens to an open job that exists, and refuses a closed one', async () => {
    const { taskId, jobName } = await roundWithJob();
    expect(await inTransaction((trx) => createJob(trx, newJob(taskId, jobName)))).toBe(false);
    const tokens = await store.db
      .selectFrom('phase_token')
      .select('hash')
      .where('job_name', '=', jobName)
      .execute();
    expect(tokens).toHaveLength(4);
    expect(await inTransaction((trx) => closeJob(trx, jobName, 'lost'))).toBe(true);
    expect(await inTransaction((trx) => closeJob(trx, jobName, 'aborted'))).toBe(false);
    await expect(inTransaction((trx) => createJob(trx, newJob(taskId, jobName)))).rejects.toMatchObject({
      code: 'job-closed',
    });
  });

  it('reads the row as a task, and names an unknown one', async () => {
    const id = await insertTask(store.db);
    expect(await loadTask(store.db, id)).toMatchObject({
      id,
      state: 'accepted',
      repo: { installationId: 11, repositoryId: 22, owner: 'octo-org', repo: 'clock', private: false },
      publishPlan: null,
    });
    await expect(loadTask(store.db, 'zzzzzz')).rejects.toMatchObject({ code: 'task-unknown' });
  });
});
