/** Jobs on the real cluster, as replicas of the bot see them: ends, troubles, broken connections, and what they cost. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKubeAccess } from '../../src/job/kube-access.ts';
import { createKubeClient } from '../../src/job/kube-client.ts';
import { kubernetesJob } from '../../src/job/kubernetes-sandbox/kubernetes-job.ts';
import { buildPodJob, buildVerifyJob, FACTS, POD } from '../builders/pod-job.ts';
import { observedUntil } from '../contracts/sandbox-contract.ts';
import { auditLog, clusterHere, kubeconfigPath, kubectl } from '../fixtures/cluster.ts';
import { hasEnded, isRunning, launch, podOf, reasons, until } from '../fixtures/cluster-jobs.ts';
import { type ClusterSandbox, openClusterSandbox } from '../fixtures/cluster-sandbox.ts';
import { startCutProxy } from '../fixtures/cut-proxy.ts';

describe.runIf(clusterHere)('jobs on the cluster', () => {
  let test: ClusterSandbox;
  beforeAll(async () => {
    test = await openClusterSandbox('glovebox-test-ends');
  });
  afterAll(() => test.close());

  it('costs two calls of ours from its launch to its removal, with another replica looking on', async () => {
    const other = test.another();
    const spec = await launch(test, { fetch: {}, work: {} });
    await expect.poll(() => podOf(test, spec)).not.toBe('');
    const podUid = await kubectl([
      'get',
      (await podOf(test, spec)).trim(),
      '-n',
      test.namespace,
      '-o',
      'jsonpath={.metadata.uid}',
    ]);
    // a replica that asks before its watch has told of the job makes one call more, to be sure
    await expect.poll(async () => (await other.list()).length).toBe(1);
    await Promise.all([until(test, spec, hasEnded), observedUntil(other, spec.name, hasEnded)]);
    await test.sandbox.stop(spec.name, 0);
    await test.sandbox.remove(spec.name);
    await expect.poll(async () => (await other.list()).length).toBe(0);
    expect(await other.observe(spec.name)).toMatchObject({ state: 'ended', trouble: null });
    await expect.poll(() => ownCalls(spec.name), { timeout: 20_000 }).toEqual(['create', 'delete']);
    expect(readFileSync(auditLog, 'utf8')).not.toContain(`involvedObject.uid%3D${podUid}`);
  });

  it('starts one pod when two replicas launch the same job, and either may end it', async () => {
    const other = test.another();
    const spec = test.spec({ fetch: {}, work: { hang: true } });
    await Promise.all([test.sandbox.launch(spec, {}), other.launch(spec, {})]);
    const [one, same] = await Promise.all([
      until(test, spec, isRunning('work')),
      observedUntil(other, spec.name, isRunning('work')),
    ]);
    expect(same).toEqual(one);
    expect((await podOf(test, spec)).trim().split('\n')).toHaveLength(1);
    await other.stop(spec.name, 0);
    expect(reasons(await until(test, spec, hasEnded))).toEqual(['fetch completed', 'work stopped']);
  });

  it('sees the end of a job through watches that were cut, and while nobody answered', async () => {
    const server = new URL(readFileSync(kubeconfigPath, 'utf8').match(/https:\/\/[^",}\s]+/)?.[0] ?? '');
    const proxy = await startCutProxy({ host: server.hostname, port: Number(server.port) });
    const folder = mkdtempSync(join(tmpdir(), 'glovebox-kubeconfig-'));
    const config = readFileSync(kubeconfigPath, 'utf8').replace(
      `"${server.origin}"`,
      `"https://127.0.0.1:${proxy.port}", tls-server-name: kubernetes.default.svc`,
    );
    writeFileSync(join(folder, 'kubeconfig'), config);
    const access = openKubeAccess({
      kubeconfigPath: join(folder, 'kubeconfig'),
      callTimeoutMs: 5_000,
      warn: () => {},
    });
    const far = test.another({ cluster: createKubeClient(access) });
    const spec = await launch(test, { fetch: {}, work: { hang: true } });
    await observedUntil(far, spec.name, isRunning('work'));
    proxy.refuse(true);
    proxy.cut();
    await expect(far.observe('gb-7k2m9q-work-ffffffffff')).rejects.toMatchObject({
      code: 'sandbox-unavailable',
    });
    expect(await far.observe(spec.name)).toMatchObject({ state: 'running' });
    await test.sandbox.stop(spec.name, 0);
    await until(test, spec, hasEnded);
    proxy.refuse(false);
    expect(reasons(await observedUntil(far, spec.name, hasEnded))).toEqual([
      'fetch completed',
      'work stopped',
    ]);
    await far.close();
    await access.close();
    await proxy.close();
    rmSync(folder, { recursive: true });
  });

  it('tells a pod that somebody deleted from one that we ended', async () => {
    const spec = await launch(test, { fetch: {}, work: { hang: true } });
    await until(test, spec, isRunning('work'));
    await kubectl(['delete', (await podOf(test, spec)).trim(), '-n', test.namespace, '--wait=false']);
    const job = await until(test, spec, hasEnded);
    expect([reasons(job), job.trouble?.kind]).toEqual([['fetch completed', 'work stopped'], 'pod-deleted']);
  });

  it('says memory where the kernel killed for it, while deliver runs on', async () => {
    const spec = await launch(test, { fetch: {}, verify: { eat: true }, deliver: { hang: true } });
    const job = await until(test, spec, (one) => one.phases.some(({ reason }) => reason === 'memory'));
    expect(job.phases.map(({ phase, state }) => `${phase} ${state}`)).toEqual([
      'fetch ended',
      'verify ended',
      'deliver running',
    ]);
    await test.sandbox.stop(spec.name, 0);
  });

  it('says memory of work too, and long before its deadline', async () => {
    const spec = await launch(test, { fetch: {}, work: { eat: true } });
    expect(reasons(await until(test, spec, hasEnded))).toEqual(['fetch completed', 'work memory']);
  });

  it('hands each container exactly what its layout says, and nothing of the cluster', async () => {
    const toolEnv = {
      SCRIPT: JSON.stringify({ fetch: {}, work: { hang: true } }),
      KEPT: '$(KUBERNETES_PORT) $$ $(HOME)',
    };
    const spec = await launch(test, { fetch: {}, work: {} }, { toolEnv });
    await until(test, spec, isRunning('work'));
    const log = () => kubectl(['logs', `job/${spec.name}`, '-c', 'work', '-n', test.namespace]);
    await expect.poll(log, { timeout: 10_000 }).toContain('begin');
    const begin = JSON.parse((await log()).split('\n')[0] ?? '');
    expect(begin.layout.toolEnv).toEqual(toolEnv);
    expect(begin.layout).toMatchObject({
      gateway: { origin: 'http://gateway:8080' },
      prepared: '/workspace/repo',
    });
    expect([begin.uid, begin.gid, begin.groups]).toEqual([1_000, 1_000, [1_000]]);
    expect(begin.claims.aud).toEqual([`glovebox-work.${spec.name}`]);
    expect(begin.claims.exp - begin.claims.iat).toBeLessThanOrEqual(607);
    const cluster = Object.entries(begin.env).filter(([name]) => name.startsWith('KUBERNETES_'));
    expect(cluster).toHaveLength(8);
    expect(cluster.every(([, value]) => value === '')).toBe(true);
    await test.sandbox.stop(spec.name, 0);
  });

  it.each([
    ['a work job', buildPodJob()],
    ['a work job without setup', buildPodJob({ phases: ['fetch', 'work'] })],
    ['a verify job', buildVerifyJob()],
    [
      'a job with everything that a template may say',
      buildVerifyJob({
        pod: {
          ...POD,
          runtimeClass: null,
          nodeSelector: { a: 'b' },
          tolerations: [{ key: 'c', operator: 'Equal', value: 'd', effect: 'NoExecute' }],
          queue: 'agents',
        },
      }),
    ],
  ])('is accepted by the API server, without a warning: %s', async (_what, spec) => {
    const pod = { ...(spec.pod ?? POD), namespace: test.namespace };
    const manifest = kubernetesJob({ ...spec, pod }, { ...FACTS, appArmor: true });
    const args = ['create', '--dry-run=server', '--validate=strict', '--warnings-as-errors', '-f', '-'];
    expect(await kubectl(args, { input: JSON.stringify(manifest) })).toContain('created (server dry run)');
  });
});

/** Verbs of the requests about a Job by its name that came from the administrator but not from kubectl. */
function ownCalls(job: string): readonly string[] {
  return readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(job))
    .map(
      (
        line,
      ): { verb: string; userAgent?: string; user: { username: string }; objectRef?: { resource: string } } =>
        JSON.parse(line),
    )
    .filter(({ user, userAgent }) => user.username === 'admin' && !userAgent?.startsWith('kube'))
    .map(({ verb }) => verb);
}
