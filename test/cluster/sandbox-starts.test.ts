/** What keeps a job from starting on the cluster, in the platform's own words: images, nodes, quotas, volumes, runtimes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeCluster } from '../../src/job/kube-cluster.ts';
import type { PodManifest } from '../../src/job/kube-objects.ts';
import { POD } from '../builders/pod-job.ts';
import { clusterHere, kubectl } from '../fixtures/cluster.ts';
import { hasEnded, hasTrouble, launch, reasons, until } from '../fixtures/cluster-jobs.ts';
import { type ClusterSandbox, openClusterSandbox, withoutPriority } from '../fixtures/cluster-sandbox.ts';

describe.runIf(clusterHere)('jobs that the cluster does not start', () => {
  let test: ClusterSandbox;
  beforeAll(async () => {
    test = await openClusterSandbox('glovebox-test-starts');
  });
  afterAll(() => test.close());

  it('names the image that cannot be pulled, within seconds', async () => {
    const spec = await launch(
      test,
      { fetch: {}, work: {} },
      { image: 'registry.invalid/octo-org/toolchain:1' },
    );
    const began = Date.now();
    const { trouble } = await until(test, spec, hasTrouble('image-not-pulled'));
    expect(trouble?.message).toContain("Image 'registry.invalid/octo-org/toolchain:1'");
    expect(Date.now() - began).toBeLessThan(30_000);
    await test.sandbox.stop(spec.name, 0);
  });

  it('says why no node takes a job, and runs it nowhere else', async () => {
    const pod = { ...POD, namespace: test.namespace, cpuMillis: 100, nodeSelector: { pool: 'sandboxes' } };
    const spec = await launch(test, { fetch: {}, work: {} }, { pod });
    const job = await until(test, spec, hasTrouble('unschedulable'));
    expect(job).toMatchObject({
      state: 'waiting',
      trouble: { message: expect.stringMatching(/nodes are available/) },
    });
    await test.sandbox.stop(spec.name, 0);
    await until(test, spec, hasEnded);
  });

  it('waits while the quota is full, and says so', async () => {
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'full', namespace: test.namespace },
    };
    await kubectl(['apply', '-f', '-'], {
      input: JSON.stringify({ ...quota, spec: { hard: { pods: '0' } } }),
    });
    await expect
      .poll(() =>
        kubectl(['get', 'quota', 'full', '-n', test.namespace, '-o', 'jsonpath={.status.hard.pods}']),
      )
      .toBe('0');
    const spec = await launch(test, { fetch: {}, work: {} });
    const job = await until(test, spec, hasTrouble('quota-full'));
    expect(job).toMatchObject({
      state: 'waiting',
      trouble: { message: expect.stringMatching(/exceeded quota: full/) },
    });
    await kubectl(['delete', 'quota', 'full', '-n', test.namespace]);
    expect(reasons(await until(test, spec, hasEnded))).toEqual(['fetch completed', 'work completed']);
  });

  it("says in the kubelet's words why a pod hangs whose status says nothing", async () => {
    const lacking = test.another({ cluster: withMissingVolume(test.cluster) });
    const spec = await launch(test, { fetch: {}, work: {} }, { sandbox: lacking });
    const job = await until(test, spec, hasTrouble('start-failed'));
    expect(job).toMatchObject({
      state: 'waiting',
      trouble: { message: expect.stringMatching(/^FailedMount: .*configmap "missing" not found/) },
    });
    await test.sandbox.stop(spec.name, 0);
    await until(test, spec, hasEnded);
  });

  it('names the runtime that a node does not have, also once the deadline has ended the pod', async () => {
    const runtimeClass = `${test.namespace}-nowhere`;
    const kinds = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', handler: 'nowhere' };
    const manifest = { ...kinds, metadata: { name: runtimeClass } };
    await kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifest) });
    const pod = { ...POD, namespace: test.namespace, cpuMillis: 100, runtimeClass };
    const hasty = test.another({ cluster: withDeadline(test.cluster, 40) });
    const spec = await launch(test, { fetch: {}, work: {} }, { pod, sandbox: hasty });
    const job = await until(test, spec, hasEnded);
    expect([reasons(job)[0], job.trouble]).toEqual([
      'fetch stopped',
      { kind: 'start-failed', message: expect.stringMatching(/^FailedCreatePodSandBox: .*"nowhere"/) },
    ]);
    await kubectl(['delete', 'runtimeclass', runtimeClass]);
  }, 120_000);
});

/** A cluster whose pods have a volume that nobody can mount. */
function withMissingVolume(cluster: KubeCluster): KubeCluster {
  return withPod(cluster, (pod) => {
    pod.volumes?.push({ name: 'settings', configMap: { name: 'missing' } });
    // a volume that no container mounts is left out by the kubelet
    pod.initContainers?.[0]?.volumeMounts?.push({ name: 'settings', mountPath: '/settings' });
  });
}

function withDeadline(cluster: KubeCluster, seconds: number): KubeCluster {
  return withPod(cluster, (pod) => {
    pod.activeDeadlineSeconds = seconds;
  });
}

function withPod(cluster: KubeCluster, change: (pod: PodManifest) => unknown): KubeCluster {
  return {
    ...withoutPriority(cluster),
    createJob: (manifest) => {
      const pod = manifest.spec?.template.spec;
      if (pod) change(pod);
      return cluster.createJob(manifest);
    },
  };
}
