import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { jobShowCommand } from '../../src/cmd/job-show.ts';
import { kubernetesJob } from '../../src/job/kubernetes-sandbox/kubernetes-job.ts';
import type { JobSpec } from '../../src/job/sandbox.ts';
import { jobName } from '../../src/shared/ids.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { createJob } from '../../src/task/store/create-job.ts';
import { buildPodJob, buildVerifyJob, FACTS } from '../builders/pod-job.ts';
import { insertWorkingTask } from '../builders/running-job.ts';
import { insertRound } from '../builders/task-row.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('glovebox job show on %s', (kind) => {
  let store: OpenStore;
  let printed: string;
  let refused: string;
  const io = {
    out: (text: string) => {
      printed += text;
    },
    error: (text: string) => {
      refused += text;
    },
  };
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(() => {
    printed = '';
    refused = '';
  });

  const show = (task: string, json = false) =>
    jobShowCommand({ db: store.db, io, facts: async () => FACTS }, { task, json });

  async function insert(taskId: string, round: number, spec: JobSpec): Promise<JobSpec> {
    const key = { taskId, attempt: 1, round, kind: spec.kind, number: 1 };
    const named = { ...spec, taskId, attempt: 1, round, name: jobName(key) };
    await store.db
      .transaction()
      .execute((trx) =>
        createJob(trx, { ...key, name: named.name, spec: named, namespace: null, tokenHashes: {} }),
      );
    return named;
  }

  async function taskWithJobs() {
    const id = await insertWorkingTask(store.db, { attempt: 1, round: 2 });
    for (const number of [1, 2]) await insertRound(store.db, id, { number });
    await insert(id, 1, buildPodJob());
    const work = await insert(id, 2, buildPodJob({ toolEnv: { GOFLAGS: '-mod=mod' } }));
    const verify = await insert(id, 2, buildVerifyJob());
    return { id, work, verify };
  }

  it('prints both Jobs of the last round, exactly as they are created', async () => {
    const { id, work, verify } = await taskWithJobs();
    expect(await show(id)).toBe(0);
    const jobs = parseAllDocuments(printed).map((document) => document.toJS());
    expect(jobs).toEqual([kubernetesJob(work, FACTS), kubernetesJob(verify, FACTS)]);
  });

  it('prints one List as JSON', async () => {
    const { id, work, verify } = await taskWithJobs();
    expect(await show(id, true)).toBe(0);
    expect(JSON.parse(printed)).toEqual({
      apiVersion: 'v1',
      kind: 'List',
      items: [kubernetesJob(work, FACTS), kubernetesJob(verify, FACTS)],
    });
  });

  it('refuses a task that is unknown, has no job yet, or runs on one machine', async () => {
    expect(await show('zzzzzz')).toBe(2);
    expect(refused).toBe(
      "Refused: task 'zzzzzz' is not in the store; `glovebox task list` shows those that are.\n",
    );
    const queued = await insertWorkingTask(store.db);
    expect(await show(queued)).toBe(2);
    expect(refused).toContain(`Refused: task '${queued}' has no job yet`);
    const here = await insertWorkingTask(store.db, { attempt: 1, round: 1 });
    await insertRound(store.db, here);
    await insert(here, 1, buildPodJob({ isolation: 'bubblewrap', pod: null, image: null }));
    expect(await show(here)).toBe(2);
    expect(refused).toContain(`Refused: task '${here}' runs as processes of one machine`);
    expect(printed).toBe('');
  });
});
