/** A sandbox that runs is sealed: nobody goes in, administrators included; each way works once the policy's binding is gone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterFolder, clusterHere, kubectl, tryKubectl } from '../fixtures/cluster.ts';
import { testImages } from '../fixtures/cluster-images.ts';
import { type Installed, installGlovebox } from '../fixtures/installed-glovebox.ts';
import { podOf } from './admission/job-parts.ts';
import { legitimateJobs } from './admission/legitimate-jobs.ts';

const NODE = '/opt/glovebox/node';

describe.runIf(clusterHere)('a sandbox that runs', () => {
  let installed: Installed;
  let pod: string;

  beforeAll(async () => {
    const images = await testImages();
    installed = await installGlovebox({ images, replicas: 0 });
    const { work } = installed.rename(legitimateJobs(images, 'glovebox-sandbox'));
    // fetch alone, as doctor's self-test has it; no gateway answers there: it waits for one, and the test has its time
    podOf(work).containers = podOf(work).initContainers?.splice(0).slice(0, 1) ?? [];
    const bot = `--as=system:serviceaccount:${installed.control}:bot`;
    await kubectl(['create', bot, '-f', '-'], { input: JSON.stringify(work) });
    const ofJob = ['-n', installed.sandbox, '-l', 'batch.kubernetes.io/job-name'];
    await kubectl(['wait', 'pod', ...ofJob, '--for=create', '--timeout=60s']);
    const running = '--for=jsonpath={.status.containerStatuses[0].state.running.startedAt}';
    await kubectl(['wait', 'pod', ...ofJob, running, '--timeout=60s']);
    pod = (await kubectl(['get', 'pod', ...ofJob, '-o', 'jsonpath={.items[0].metadata.name}'])).trim();
  }, 900_000);

  afterAll(() => installed?.close());

  const here = () => ['-n', installed.sandbox];
  const ways: Readonly<Record<string, () => Promise<string>>> = {
    'pods/exec': () => said(['exec', ...here(), pod, '-c', 'fetch', '--', NODE, '--version']),
    'pods/attach': () => said(['attach', ...here(), pod, '-c', 'fetch', '--request-timeout=3s'], 5_000),
    'pods/portforward': () => forwarded([...here(), `pod/${pod}`, ':8080']),
    'pods/proxy': () =>
      said(['get', '--raw', `/api/v1/namespaces/${installed.sandbox}/pods/${pod}:8080/proxy/`]),
    'pods/ephemeralcontainers': () =>
      said([
        'debug',
        ...here(),
        pod,
        '--image=glovebox.test/debug',
        '--profile=restricted',
        '--attach=false',
      ]),
    'pods/resize': () =>
      said(['patch', 'pod', pod, ...here(), '--subresource=resize', '--dry-run=server', '-p', RESIZE]),
    'serviceaccounts/token': () => said(['create', 'token', 'sandbox', ...here()]),
  };
  const twoCpus = { limits: { cpu: '2' }, requests: { cpu: '2' } };
  const RESIZE = JSON.stringify({ spec: { containers: [{ name: 'fetch', resources: twoCpus }] } });

  it.each(Object.keys(ways))('refuses %s to system:masters', async (way) => {
    expect(await ways[way]?.()).toContain(`sandboxes are sealed: ${way} is refused to everyone`);
  });

  it('its log stays readable', async () => {
    expect((await tryKubectl(['logs', ...here(), pod, '-c', 'fetch'])).code).toBe(0);
  });

  it('its image is not changed by anybody', async () => {
    const change = JSON.stringify({ spec: { containers: [{ name: 'fetch', image: 'example.com/mine:1' }] } });
    const { stderr } = await tryKubectl(['patch', 'pod', pod, ...here(), '-p', change]);

    expect(stderr).toContain('denied request');
  });

  describe('without the binding (counter-test)', () => {
    it('somebody comes in', async () => {
      await kubectl(['delete', 'validatingadmissionpolicybinding', `${installed.sandbox}-sealed`]);
      await expect.poll(() => ways['pods/exec']?.(), { timeout: 20_000 }).toMatch(/^v24\./);
    });

    it.each(Object.keys(ways))('%s is not refused', async (way) => {
      expect(await ways[way]?.()).not.toContain('sealed');
    });
  });
});

async function said(args: readonly string[], timeoutMs = 20_000): Promise<string> {
  const { stdout, stderr } = await tryKubectl(args, { timeoutMs });
  return `${stdout}${stderr}`;
}

/** A port-forward stays; its refusal comes with the first connection. */
async function forwarded(args: readonly string[]): Promise<string> {
  const child = spawn(join(clusterFolder, 'kubectl'), ['port-forward', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const closed = once(child, 'close');
  await Promise.race([closed, once(child.stdout, 'data')]);
  child.kill('SIGKILL');
  await closed;
  return text;
}
