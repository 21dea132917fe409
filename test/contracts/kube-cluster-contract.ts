/** What every `KubeCluster` promises, as one suite: the client on a real cluster, and the fake that other suites use. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Change, Kind, KubeCluster, Scope } from '../../src/job/kube-cluster.ts';
import { kubernetesJob, STORE_LABEL } from '../../src/job/kubernetes-sandbox/kubernetes-job.ts';
import { buildPodJob, FACTS, POD } from '../builders/pod-job.ts';

/** A cluster and a namespace in it in which Jobs may be made. */
export interface ClusterUnderTest {
  readonly cluster: KubeCluster;
  readonly namespace: string;
  close(): Promise<void>;
}

/** Registers the suite. */
export function kubeClusterContract(name: string, open: () => Promise<ClusterUnderTest>): void {
  describe(`${name} keeps the contract of KubeCluster`, () => {
    let test: ClusterUnderTest;
    beforeAll(async () => {
      test = await open();
    });
    afterAll(() => test.close());

    /** A Job that waits for a queue, so that it makes no pod. */
    const manifest = (store: string, job = `gb-7k2m9q-work-${randomBytes(5).toString('hex')}`) =>
      kubernetesJob(buildPodJob({ name: job, pod: { ...POD, namespace: test.namespace, queue: 'none' } }), {
        ...FACTS,
        store,
      });
    const scope = <K extends Kind>(kind: K, store: string): Scope<K> => ({
      kind,
      namespace: test.namespace,
      labels: `${STORE_LABEL}=${store}`,
    });
    const watch = (store: string, resourceVersion: string) => {
      const stop = new AbortController();
      const heard: string[] = [];
      const waiting = new Map<string, () => void>();
      const ended = test.cluster.watch(
        scope('jobs', store),
        { resourceVersion, timeoutSeconds: 30, signal: stop.signal },
        (change: Change<'jobs'>) => {
          if (change.type === 'BOOKMARK') return;
          const line = `${change.type} ${change.object.metadata.name}`;
          heard.push(line);
          waiting.get(line)?.();
        },
      );
      const hears = (line: string) =>
        new Promise<void>((resolve) => {
          waiting.set(line, resolve);
          if (heard.includes(line)) resolve();
        });
      return { stop: () => stop.abort(), ended, hears };
    };

    it('creates a Job once, and says that the name is taken', async () => {
      const job = manifest('once');
      const created = await test.cluster.createJob(job);
      expect(created.metadata).toMatchObject({ name: job.metadata?.name, labels: { [STORE_LABEL]: 'once' } });
      expect(created.spec.template.spec.containers.map((container) => container.name)).toEqual(['work']);
      await expect(test.cluster.createJob(job)).rejects.toMatchObject({
        code: 'kubernetes-refused',
        retry: false,
        values: { status: 409, reason: 'AlreadyExists' },
      });
    });

    it('reads and deletes a Job, and takes unknown names', async () => {
      const job = manifest('read');
      const ref = { namespace: test.namespace, name: job.metadata?.name ?? '' };
      expect(await test.cluster.getJob(ref)).toBeNull();
      await test.cluster.deleteJob(ref);
      await test.cluster.createJob(job);
      expect((await test.cluster.getJob(ref))?.metadata.name).toBe(ref.name);
      await test.cluster.deleteJob(ref);
      expect(await test.cluster.getJob(ref)).toBeNull();
    });

    it('lists what its labels select, and of events those that say why a Job has no pod', async () => {
      const [one, other] = [manifest('list-one'), manifest('list-other')];
      await test.cluster.createJob(one);
      await test.cluster.createJob(other);
      const { items, resourceVersion } = await test.cluster.list(scope('jobs', 'list-one'));
      expect(items.map(({ metadata }) => metadata.name)).toEqual([one.metadata?.name]);
      expect(Number(resourceVersion)).toBeGreaterThan(0);
      expect((await test.cluster.list(scope('pods', 'list-one'))).items).toEqual([]);
      expect((await test.cluster.list(scope('events', 'list-one'))).items).toEqual([]);
    });

    it('knows no events of a pod that nobody made', async () => {
      expect(await test.cluster.podEvents({ namespace: test.namespace, uid: randomUUID() })).toEqual([]);
    });

    it('tells a watch what came after its version, and what comes', async () => {
      const { resourceVersion } = await test.cluster.list(scope('jobs', 'watch'));
      const [before, after] = [manifest('watch'), manifest('watch')];
      await test.cluster.createJob(before);
      const watching = watch('watch', resourceVersion);
      await watching.hears(`ADDED ${before.metadata?.name}`);
      await test.cluster.createJob(after);
      await watching.hears(`ADDED ${after.metadata?.name}`);
      await test.cluster.deleteJob({ namespace: test.namespace, name: after.metadata?.name ?? '' });
      await watching.hears(`DELETED ${after.metadata?.name}`);
      watching.stop();
      expect(await watching.ended).toBe('ended');
    });

    it('ends a watch at once where its signal has aborted', async () => {
      const watching = watch('abort', (await test.cluster.list(scope('jobs', 'abort'))).resourceVersion);
      watching.stop();
      expect(await watching.ended).toBe('ended');
    });
  });
}
