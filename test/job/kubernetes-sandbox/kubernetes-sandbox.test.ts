/** Replicas of one bot that follow a cluster's jobs by watches: what they know, when, at what cost, and what they never claim. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesSandbox } from '../../../src/job/kubernetes-sandbox/kubernetes-sandbox.ts';
import { type FakeCluster, refused, unavailable } from '../../fakes/fake-cluster.ts';
import { eventually } from '../../fixtures/process-sandbox.ts';
import { A, B, RUNNING, SandboxReplicas, specOf, until } from '../../fixtures/sandbox-replicas.ts';

const ENDED = {
  phase: 'Failed',
  initContainerStatuses: [
    {
      name: 'fetch',
      state: {
        terminated: {
          exitCode: 10,
          reason: 'Error',
          startedAt: '2026-01-02T14:05:02Z',
          finishedAt: '2026-01-02T14:05:03Z',
        },
      },
    },
  ],
};

describe('the Kubernetes sandbox', () => {
  let replicas: SandboxReplicas;
  let cluster: FakeCluster;
  const replica: SandboxReplicas['replica'] = (change) => replicas.replica(change);
  const calls: SandboxReplicas['calls'] = (what) => replicas.calls(what);
  const isTold = async (sandbox: KubernetesSandbox, name: string, state: string | null) =>
    (await sandbox.observe(name))?.state === (state ?? undefined);

  beforeEach(() => {
    replicas = new SandboxReplicas();
    cluster = replicas.cluster;
  });
  afterEach(async () => {
    await replicas.close();
    expect(cluster.watching()).toBe(0);
  });

  it('costs a job two calls, its creation and its deletion, whatever is observed in between', async () => {
    const sandbox = replica();
    await sandbox.launch(specOf(A), {});
    cluster.putPod(A, RUNNING);
    for (let i = 0; i < 50; i += 1) await sandbox.observe(A.name);
    cluster.putPod(A, ENDED);
    await until(() => isTold(sandbox, A.name, 'ended'));
    await sandbox.stop(A.name, 0);
    cluster.dropPod(A);
    await sandbox.observe(A.name);
    await sandbox.remove(A.name);
    const own = cluster.calls.filter((call) => call.includes(A.name));
    expect(own).toEqual([`create ${A.namespace}/${A.name}`, `delete ${A.namespace}/${A.name}`]);
    expect(await sandbox.observe(A.name)).toBeNull();
  });

  it('follows a namespace with three watches, however many jobs it has', async () => {
    const sandbox = replica({ namespaces: [A.namespace] });
    for (let i = 0; i < 20; i += 1) await sandbox.launch(specOf({ ...A, name: `${A.name}${i}` }), {});
    await eventually(() => cluster.watching() === 3, 5_000);
  });

  it('knows a job that another replica created a moment ago, before any watch told of it', async () => {
    const [one, other] = [replica(), replica()];
    await eventually(() => cluster.watching() === 12, 5_000);
    cluster.keepSilent(true);
    await one.launch(specOf(A), {});
    expect(await other.observe(A.name)).toMatchObject({ name: A.name, state: 'waiting' });
    expect(calls(/^get/)).toEqual([`get ${A.namespace}/${A.name}`]);
    // and asks no second time
    await other.observe(A.name);
    expect(calls(/^get/)).toHaveLength(1);
  });

  it('creates one Job when two replicas launch the same job', async () => {
    const [one, other] = [replica(), replica()];
    await Promise.all([one.launch(specOf(A), {}), other.launch(specOf(A), {})]);
    expect(await one.list()).toHaveLength(1);
    await until(async () => (await other.list()).length === 1);
  });

  it('refuses a name that another installation has taken', async () => {
    await replica({ store: 'somebody-else' }).launch(specOf(A), {});
    await expect(replica().launch(specOf(A), {})).rejects.toMatchObject({ code: 'sandbox-refused' });
  });

  it('neither lists nor observes another installation’s jobs', async () => {
    await replica({ store: 'somebody-else' }).launch(specOf(A), {});
    const own = replica();
    await own.launch(specOf(B), {});
    await until(async () => (await own.list()).length === 1);
    expect((await own.list()).map(({ name }) => name)).toEqual([B.name]);
  });

  it('sees what happened while a watch was cut, and while one was dead without a word', async () => {
    const sandbox = replica();
    await sandbox.launch(specOf(A), {});
    await eventually(() => cluster.watching() === 6, 5_000);
    cluster.keepSilent(true);
    cluster.putPod(A, RUNNING);
    cluster.cutWatches();
    await until(() => isTold(sandbox, A.name, 'running'));
    cluster.putPod(A, ENDED);
    // nobody is told; the next list is due within 6 minutes of the sandbox's clock
    await until(() => isTold(sandbox, A.name, 'ended'));
    expect(calls(/^list/).length).toBeGreaterThan(6);
  });

  it('lists anew when the version that it watched from has expired', async () => {
    const sandbox = replica();
    await sandbox.launch(specOf(A), {});
    await eventually(() => cluster.watching() === 6, 5_000);
    const lists = calls(/^list/).length;
    cluster.keepSilent(true);
    cluster.putPod(A, RUNNING);
    cluster.compact();
    cluster.cutWatches();
    await until(() => isTold(sandbox, A.name, 'running'));
    expect(calls(/^list/).length).toBeGreaterThan(lists);
  });

  it('does not take a list for the truth that was read before the job was created', async () => {
    const late = Promise.withResolvers<void>();
    cluster.beforeListAnswer = () => late.promise;
    const sandbox = replica();
    await eventually(() => calls(/^list/).length === 6, 5_000);
    await sandbox.launch(specOf(A), {});
    late.resolve();
    await eventually(() => cluster.watching() === 6, 5_000);
    expect(await sandbox.observe(A.name)).toMatchObject({ state: 'waiting' });
    expect(calls(/^get/)).toEqual([]);
  });

  it('goes on with one namespace while another cannot be read, and never calls that one’s jobs gone', async () => {
    await replica().launch(specOf(A), {});
    cluster.down.add(A.namespace);
    const sandbox = replica();
    await sandbox.launch(specOf(B), {});
    await until(async () => (await sandbox.list()).length === 1);
    expect((await sandbox.list()).map(({ name }) => name)).toEqual([B.name]);
    expect(await sandbox.observe(B.name)).toMatchObject({ state: 'waiting' });
    await expect(sandbox.observe(A.name)).rejects.toMatchObject({ code: 'sandbox-unavailable', retry: true });
    cluster.down.clear();
    await until(async () => (await sandbox.list()).length === 2);
  });

  it('never answers null while the API server does not answer', async () => {
    const sandbox = replica();
    await eventually(() => cluster.watching() === 6, 5_000);
    cluster.failNext('get', unavailable());
    await expect(sandbox.observe(A.name)).rejects.toMatchObject({ code: 'sandbox-unavailable', retry: true });
    expect(await sandbox.observe(A.name)).toBeNull();
  });

  it('counts a stopped job as running until its pod is gone', async () => {
    const sandbox = replica();
    await sandbox.launch(specOf(A), {});
    cluster.putPod(A, RUNNING);
    await until(() => isTold(sandbox, A.name, 'running'));
    await sandbox.stop(A.name, 0);
    await sandbox.remove(A.name);
    expect(await sandbox.observe(A.name)).toMatchObject({ state: 'running', trouble: null });
    expect((await sandbox.list()).map(({ name }) => name)).toEqual([A.name]);
    cluster.dropPod(A);
    await until(() => isTold(sandbox, A.name, null));
    expect(await sandbox.list()).toEqual([]);
  });

  it('lists a pod whose Job is gone, so that nobody’s sandbox runs on unseen', async () => {
    const before = replica();
    await before.launch(specOf(A), {});
    cluster.putPod(A, RUNNING);
    await cluster.deleteJob(A);
    const after = replica();
    await until(async () => (await after.list()).length === 1);
    expect(await after.observe(A.name)).toMatchObject({ state: 'running' });
  });

  it('looks the gateway up at each creation, since its Service may be made anew', async () => {
    const sandbox = replica();
    const created: unknown[] = [];
    const create = cluster.createJob.bind(cluster);
    cluster.createJob = (manifest) => {
      created.push(manifest.spec?.template.spec?.hostAliases);
      return create(manifest);
    };
    await sandbox.launch(specOf(A), {});
    replicas.gateway = '198.19.0.99';
    await sandbox.launch(specOf(B), {});
    const alias = (ip: string) => [{ ip, hostnames: ['gateway'] }];
    expect(created).toEqual([alias('198.19.0.77'), alias('198.19.0.99')]);
    replicas.gateway = null;
    await expect(
      sandbox.launch(specOf({ ...A, name: 'gb-7k2m9q-work-cccccccccc' }), {}),
    ).rejects.toMatchObject({
      code: 'sandbox-unavailable',
      retry: true,
    });
  });

  it.each([
    [
      'our policy says no',
      refused(422, 'Invalid', 'ValidatingAdmissionPolicy denied request'),
      'sandbox-refused',
      false,
    ],
    [
      'the bot has no right',
      refused(403, 'Forbidden', 'cannot create resource "jobs"'),
      'sandbox-refused',
      false,
    ],
    [
      'the namespace is missing',
      refused(404, 'NotFound', 'namespaces "x" not found'),
      'sandbox-refused',
      false,
    ],
    [
      'the quota of Jobs is full',
      refused(403, 'Forbidden', 'exceeded quota: sandbox'),
      'sandbox-unavailable',
      true,
    ],
    ['nobody answers', unavailable(), 'sandbox-unavailable', true],
  ] as const)('a launch where %s', async (_why, error, code, retry) => {
    cluster.failNext('create', error);
    await expect(replica().launch(specOf(A), {})).rejects.toMatchObject({ code, retry });
  });
});
