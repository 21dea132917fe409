/** The client against the real API server: the contract, and what only a real one answers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type KubeAccess, openKubeAccess } from '../../src/job/kube-access.ts';
import { createKubeClient } from '../../src/job/kube-client.ts';
import { kubernetesJob } from '../../src/job/kubernetes-sandbox/kubernetes-job.ts';
import { buildPodJob, FACTS, POD } from '../builders/pod-job.ts';
import { kubeClusterContract } from '../contracts/kube-cluster-contract.ts';
import { clusterHere, inNamespace, kubeconfigPath, type TestNamespace } from '../fixtures/cluster.ts';

const access = (change: { kubeconfigPath?: string; callTimeoutMs?: number } = {}): KubeAccess =>
  openKubeAccess({ kubeconfigPath, callTimeoutMs: 15_000, warn: () => {}, ...change });

describe.runIf(clusterHere)('the client', () => {
  kubeClusterContract('on the cluster', async () => {
    const open = access();
    const namespace = await inNamespace('glovebox-test-client');
    return {
      cluster: createKubeClient(open),
      namespace: namespace.name,
      close: async () => {
        await namespace.close();
        await open.close();
      },
    };
  });

  describe('with the API server’s own answers', () => {
    let namespace: TestNamespace;
    let open: KubeAccess;
    beforeAll(async () => {
      namespace = await inNamespace('glovebox-test-client');
      open = access();
    });
    afterAll(async () => {
      await namespace.close();
      await open.close();
    });

    it('tells an expired version from other ends', async () => {
      const scope = { kind: 'jobs', namespace: namespace.name, labels: 'a=b' } as const;
      const from = { resourceVersion: '1', timeoutSeconds: 5, signal: AbortSignal.timeout(10_000) };
      expect(await createKubeClient(open).watch(scope, from, () => {})).toBe('expired');
    });

    it('hands on the API server’s own words where it refuses a Job', async () => {
      const job = kubernetesJob(buildPodJob({ pod: { ...POD, namespace: namespace.name } }), FACTS);
      const broken = { ...job, metadata: { ...job.metadata, name: 'Not_A_Name' } };
      await expect(createKubeClient(open).createJob(broken)).rejects.toMatchObject({
        code: 'kubernetes-refused',
        retry: false,
        values: { status: 422, reason: 'Invalid', message: expect.stringMatching(/lowercase RFC 1123/) },
      });
    });

    it('passes on what the API server warns of', async () => {
      const warnings: string[] = [];
      const strict = await inNamespace('glovebox-test-client', {
        'pod-security.kubernetes.io/warn': 'restricted',
      });
      onTestFinished(() => strict.close());
      const warned = openKubeAccess({
        kubeconfigPath,
        callTimeoutMs: 15_000,
        warn: (text) => warnings.push(text),
      });
      onTestFinished(() => warned.close());
      const job = kubernetesJob(
        buildPodJob({ pod: { ...POD, namespace: strict.name, queue: 'none' } }),
        FACTS,
      );
      const [work] = job.spec?.template.spec?.containers ?? [];
      if (work) delete work.securityContext;
      await createKubeClient(warned).createJob(job);
      expect(warnings.join()).toMatch(/would violate PodSecurity/);
    });

    it('shows nothing of a kubeconfig that cannot be read', () => {
      const folder = mkdtempSync(join(tmpdir(), 'glovebox-kubeconfig-'));
      const file = join(folder, 'kubeconfig');
      writeFileSync(file, 'users: [{name: admin, user: {token: hunter2}\n');
      const error = errorOf(() => access({ kubeconfigPath: file }));
      expect(inspect(error, { depth: 9 })).not.toMatch(/hunter2/);
      expect(error).toMatchObject({ code: 'cluster-unknown' });
      rmSync(folder, { recursive: true });
    });

    it('gives up a call that is not answered in time', async () => {
      const silent = createServer();
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const folder = mkdtempSync(join(tmpdir(), 'glovebox-kubeconfig-'));
      const file = join(folder, 'kubeconfig');
      const address = silent.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      writeFileSync(
        file,
        readFileSync(kubeconfigPath, 'utf8').replace(/https:\/\/[^",}\s]+/, `https://127.0.0.1:${port}`),
      );
      const slow = access({ kubeconfigPath: file, callTimeoutMs: 300 });
      await expect(createKubeClient(slow).getJob({ namespace: 'x', name: 'y' })).rejects.toMatchObject({
        code: 'kubernetes-unavailable',
        retry: true,
      });
      await slow.close();
      silent.close();
      rmSync(folder, { recursive: true });
    });
  });
});

function errorOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
