/** The bot's rights, as the manifests give them, are enough for all that the adapter does, and for nothing beside it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type KubeAccess, openKubeAccess } from '../../src/job/kube-access.ts';
import { createKubeClient } from '../../src/job/kube-client.ts';
import type { KubernetesSandbox } from '../../src/job/kubernetes-sandbox/kubernetes-sandbox.ts';
import { POD } from '../builders/pod-job.ts';
import { observedUntil } from '../contracts/sandbox-contract.ts';
import { clusterHere, kubeconfigPath, kubectl, tryKubectl } from '../fixtures/cluster.ts';
import { type ClusterSandbox, openClusterSandbox, withoutPriority } from '../fixtures/cluster-sandbox.ts';
import { ROOT } from '../fixtures/run-process.ts';

describe.runIf(clusterHere)('with the bot’s account', () => {
  let test: ClusterSandbox;
  let access: KubeAccess;
  let sandbox: KubernetesSandbox;
  let folder: string;

  beforeAll(async () => {
    test = await openClusterSandbox('glovebox-test-rights');
    folder = mkdtempSync(join(tmpdir(), 'glovebox-kubeconfig-'));
    const accounts = readFileSync(join(ROOT, 'k8s/base/sandbox/accounts.yaml'), 'utf8');
    const here = accounts.replaceAll('namespace: glovebox', `namespace: ${test.namespace}`);
    await kubectl(['create', 'serviceaccount', 'bot', '-n', test.namespace]);
    await kubectl(['apply', '-n', test.namespace, '-f', '-'], { input: here });
    const token = (await kubectl(['create', 'token', 'bot', '-n', test.namespace])).trim();
    const config = parse(readFileSync(kubeconfigPath, 'utf8'));
    const file = join(folder, 'kubeconfig');
    writeFileSync(
      file,
      JSON.stringify({ ...config, users: [{ name: config.users[0].name, user: { token } }] }),
    );
    access = openKubeAccess({ kubeconfigPath: file, callTimeoutMs: 15_000, warn: () => {} });
    sandbox = test.another({ cluster: withoutPriority(createKubeClient(access)) });
  });
  afterAll(async () => {
    await test.close();
    await access.close();
    rmSync(folder, { recursive: true });
  });

  it('launches, follows, stops and removes a job', async () => {
    const spec = test.spec({ fetch: {}, work: { hang: true } });
    await sandbox.launch(spec, {});
    await observedUntil(sandbox, spec.name, (job) => job.phases.at(-1)?.state === 'running');
    await sandbox.stop(spec.name, 0);
    const job = await observedUntil(sandbox, spec.name, ({ state }) => state === 'ended');
    expect(job.phases.map(({ reason }) => reason)).toEqual(['completed', 'stopped']);
    await sandbox.remove(spec.name);
    expect(await sandbox.observe(spec.name)).toBeNull();
  });

  it('hears why a Job gets no pod', async () => {
    await kubectl(['create', 'quota', 'full', '--hard=pods=0', '-n', test.namespace]);
    const spec = test.spec({ fetch: {}, work: {} });
    await sandbox.launch(spec, {});
    await observedUntil(sandbox, spec.name, ({ trouble }) => trouble?.kind === 'quota-full');
    await sandbox.remove(spec.name);
  });

  it('refuses a launch in a namespace where the bot has no rights, and says whose word it is', async () => {
    const elsewhere = test.spec({ fetch: {}, work: {} }, { pod: { ...POD, namespace: 'default' } });
    const launch = sandbox.launch(elsewhere, {});
    await expect(launch).rejects.toMatchObject({
      code: 'sandbox-refused',
      message: expect.stringContaining('403 Forbidden'),
    });
  });

  it.each([
    ['get', 'secrets'],
    ['create', 'pods'],
    ['delete', 'pods'],
    ['create', 'pods', '--subresource=exec'],
    ['get', 'pods', '--subresource=log'],
    ['patch', 'jobs.batch'],
    ['create', 'serviceaccounts', '--subresource=token'],
    ['create', 'events'],
  ])('may not %s %s %s', async (verb, resource, ...more) => {
    const as = `--as=system:serviceaccount:${test.namespace}:bot`;
    const { stdout } = await tryKubectl(['auth', 'can-i', verb, resource, ...more, '-n', test.namespace, as]);
    expect(stdout.trim()).toBe('no');
  });
});
