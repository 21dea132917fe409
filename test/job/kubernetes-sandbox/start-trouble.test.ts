/** Why a job has not begun: told from the Job's events at once, and asked for, rarely, where a pod's own status says nothing. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventSeen } from '../../../src/job/kube-objects.ts';
import { type FakeCluster, unavailable } from '../../fakes/fake-cluster.ts';
import { eventually } from '../../fixtures/process-sandbox.ts';
import { A, B, fastClock, RUNNING, SandboxReplicas, specOf, until } from '../../fixtures/sandbox-replicas.ts';

const HANGS = {
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'True' }],
  initContainerStatuses: [{ name: 'fetch', state: { waiting: { reason: 'PodInitializing' } } }],
};
const failedMount = () =>
  EventSeen.parse({
    metadata: { name: 'x.1' },
    involvedObject: { kind: 'Pod' },
    reason: 'FailedMount',
    message: 'configmap "missing" not found',
    lastTimestamp: new Date(),
  });

describe('a job that has not begun', () => {
  let replicas: SandboxReplicas;
  let cluster: FakeCluster;
  const replica: SandboxReplicas['replica'] = (change) => replicas.replica(change);
  const calls: SandboxReplicas['calls'] = (what) => replicas.calls(what);

  beforeEach(() => {
    replicas = new SandboxReplicas();
    cluster = replicas.cluster;
  });
  afterEach(async () => {
    await replicas.close();
    expect(cluster.watching()).toBe(0);
  });

  it('says at once why a Job gets no pod', async () => {
    const sandbox = replica();
    await sandbox.launch(specOf(A), {});
    cluster.putEvent(A, 'Error creating: pods "x" is forbidden: exceeded quota: sandbox, requested: pods=1');
    await until(async () => (await sandbox.observe(A.name))?.trouble?.kind === 'quota-full');
    cluster.putPod(A, RUNNING);
    await until(async () => (await sandbox.observe(A.name))?.trouble === null);
  });

  it('says it after a restart too, whichever list is answered first', async () => {
    await replica().launch(specOf(A), {});
    cluster.putEvent(A, 'Error creating: pods "x" is forbidden: exceeded quota: sandbox, requested: pods=1');
    const jobs = Promise.withResolvers<void>();
    cluster.beforeListAnswer = (kind) => (kind === 'jobs' ? jobs.promise : Promise.resolve());
    const sandbox = replica();
    await eventually(() => cluster.watching() >= 4, 5_000);
    jobs.resolve();
    await until(async () => (await sandbox.observe(A.name))?.trouble?.kind === 'quota-full');
  });

  it("asks for the events of a pod that hangs, once a minute, and says them in the kubelet's words", async () => {
    const sandbox = replica();
    await sandbox.launch(specOf(A), {});
    const { uid } = cluster.putPod(A, HANGS).metadata;
    cluster.podComplaints.set(uid, [failedMount()]);
    const began = fastClock.now();
    await until(async () => (await sandbox.observe(A.name))?.trouble?.kind === 'start-failed');
    expect(await sandbox.observe(A.name)).toMatchObject({
      state: 'waiting',
      trouble: { message: 'FailedMount: configmap "missing" not found' },
    });
    await until(async () => calls(/^pod-events/).length === 3);
    expect(fastClock.now() - began).toBeGreaterThan(15_000 + 2 * 60_000);
    cluster.putPod(A, RUNNING);
    await until(async () => (await sandbox.observe(A.name))?.trouble === null);
  });

  it('asks for no events of a pod that begins, waits for a node, or says itself why it hangs', async () => {
    const sandbox = replica();
    await Promise.all([sandbox.launch(specOf(A), {}), sandbox.launch(specOf(B), {})]);
    const unscheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'none' };
    cluster.putPod(A, { phase: 'Pending', conditions: [unscheduled] });
    const waiting = { reason: 'CreateContainerConfigError', message: 'secret "missing" not found' };
    cluster.putPod(B, { ...HANGS, initContainerStatuses: [{ name: 'fetch', state: { waiting } }] });
    const began = fastClock.now();
    await until(async () => fastClock.now() - began > 120_000);
    cluster.putPod(A, RUNNING);
    await until(async () => fastClock.now() - began > 240_000);
    expect(calls(/^pod-events/)).toEqual([]);
  });

  it('asks again where the events could not be read', async () => {
    const sandbox = replica();
    await sandbox.launch(specOf(A), {});
    cluster.failNext('pod-events', unavailable());
    const { uid } = cluster.putPod(A, HANGS).metadata;
    cluster.podComplaints.set(uid, [failedMount()]);
    await until(async () => (await sandbox.observe(A.name))?.trouble?.kind === 'start-failed');
    expect(calls(/^pod-events/)).toHaveLength(2);
  });
});
