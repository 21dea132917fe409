/**
 * The network policies as nodes enforce them: a pod of the sandbox namespace reaches the gateway's port and nothing else, a
 * control pod what is listed for it; each target answers a pod that no policy holds, or its silence would prove nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { clusterHere, inNamespace, kubectl, type TestNamespace } from '../fixtures/cluster.ts';
import { testImages } from '../fixtures/cluster-images.ts';
import { podOf, runPod } from '../fixtures/cluster-pod.ts';
import { type Installed, installGlovebox } from '../fixtures/installed-glovebox.ts';

const LISTEN = `require('node:http').createServer((q, s) => s.end('here')).listen(Number(process.env.PORT), () => console.log('up'))`;

/** Dials all at once and prints who answered; where told, first waits until the fence is closed, which takes a moment. */
const PROBE = `
const { connect } = require('node:net'); const { Resolver } = require('node:dns').promises;
const dial = (target) => new Promise((resolve) => {
  const [host, port] = target.split(':');
  const socket = connect({ host, port: Number(port), timeout: 1500 });
  const end = (answer) => { socket.destroy(); resolve(answer); };
  socket.on('connect', () => end(true)).on('timeout', () => end(false)).on('error', (error) => end(error.code === 'ECONNREFUSED'));
});
const ask = async (server) => {
  const resolver = new Resolver({ timeout: 1500, tries: 1 }); resolver.setServers([server]);
  return resolver.resolve4('kubernetes.default.svc.cluster.local').then(() => true, () => false);
};
const { targets, canary } = JSON.parse(process.env.PLAN);
(async () => {
  for (const end = Date.now() + 15_000; canary && Date.now() < end && (await dial(canary)); ) await new Promise((next) => setTimeout(next, 50));
  const answers = await Promise.all(Object.entries(targets).map(async ([name, target]) =>
    [name, target.startsWith('dns:') ? await ask(target.slice(4)) : await dial(target)]));
  console.log(JSON.stringify(answers.filter(([, answered]) => answered).map(([name]) => name).sort()));
})();`;

const OUTSIDE = '198.51.100.10';
const METADATA = '169.254.169.254';

describe.runIf(clusterHere)('the network of the installation', () => {
  let installed: Installed;
  let open: TestNamespace;
  let image: string;
  let outside: readonly ChildProcess[] = [];
  let targets: Record<string, string>;

  beforeAll(async () => {
    const images = await testImages();
    image = images.template;
    installed = await installGlovebox({ images, replicas: 0 });
    open = await inNamespace('wt-network');
    // pods of our own are put where only sandboxes may be
    const policies = ['origin', 'job', 'pod', 'volumes', 'containers', 'sealed'].map(
      (name) => `${installed.sandbox}-${name}`,
    );
    await kubectl(['delete', 'validatingadmissionpolicybinding', ...policies]);
    outside = [8080, 443].map(listenOutside);
    targets = {
      'the API server by its Service': '198.19.0.1:443',
      'the API server by its node': '198.18.0.1:16443',
      'a host outside': `${OUTSIDE}:8080`,
      'a host outside, by TLS': `${OUTSIDE}:443`,
      'the metadata service': `${METADATA}:8080`,
      'the metadata service, by TLS': `${METADATA}:443`,
      'DNS by its Service': 'dns:198.19.0.10',
      'DNS by its node': 'dns:198.18.0.2',
      'the gateway': `${await listen(installed.control, 'gateway', 8080)}:8080`,
      "another port of the gateway's pod": `${await listen(installed.control, 'gateway', 9090)}:9090`,
      'the bot': `${await listen(installed.control, 'bot', 3000)}:3000`,
      'another pod of the control namespace': `${await listen(installed.control, 'other', 8080)}:8080`,
      'another sandbox': `${await listen(installed.sandbox, 'sandbox', 8080)}:8080`,
      'a pod elsewhere': `${await listen(open.name, 'other', 8080)}:8080`,
    };
  }, 900_000);

  afterAll(async () => {
    for (const child of outside) {
      if (child.exitCode !== null) continue;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }
    await open?.close();
    await installed?.close();
  });

  const answering = async (
    namespace: string,
    component: string,
    canary: string | null,
  ): Promise<string[]> => {
    const { log } = await runPod(namespace, {
      image,
      command: ['node', '-e', PROBE],
      env: { PLAN: JSON.stringify({ targets, canary }) },
      labels: { 'app.kubernetes.io/component': component },
      spec: { securityContext: USER },
    });
    return z.array(z.string()).parse(JSON.parse(log));
  };

  const INTO_CONTROL = [
    'another pod of the control namespace',
    "another port of the gateway's pod",
    'the gateway',
  ];

  it('a pod that no policy holds reaches all that is not fenced itself (counter-test)', async () => {
    const fenced = [...INTO_CONTROL, 'another sandbox'];
    const rest = Object.keys(targets).filter((name) => !fenced.includes(name));

    expect(await answering(open.name, 'other', null)).toEqual(rest.sort());
  });

  it('a sandbox reaches the gateway, and nothing else', async () => {
    expect(await answering(installed.sandbox, 'sandbox', `${OUTSIDE}:8080`)).toEqual(['the gateway']);
  });

  it('so does a pod of the sandbox namespace without labels', async () => {
    expect(await answering(installed.sandbox, 'unknown', `${OUTSIDE}:8080`)).toEqual(['the gateway']);
  });

  it('the bot reaches DNS, the API server and HTTPS outside, not the metadata service and no other pod', async () => {
    expect(await answering(installed.control, 'bot', `${OUTSIDE}:8080`)).toEqual([
      'DNS by its Service',
      'DNS by its node',
      'a host outside, by TLS',
      'the API server by its Service',
      'the API server by its node',
    ]);
  });

  it('another pod of the control namespace reaches nothing', async () => {
    expect(await answering(installed.control, 'unknown', `${OUTSIDE}:8080`)).toEqual([]);
  });

  it('without the policies of the namespace a sandbox reaches them all (counter-test)', async () => {
    await kubectl(['delete', 'networkpolicy', '-n', installed.sandbox, '--all']);
    await expect
      .poll(() => answering(installed.sandbox, 'sandbox', null), { timeout: 50_000 })
      .toEqual(
        expect.arrayContaining([
          'a host outside',
          'the metadata service',
          'DNS by its Service',
          'another sandbox',
        ]),
      );
  });

  /** A server in a pod, as the component whose label it carries; its address. */
  async function listen(namespace: string, component: string, port: number): Promise<string> {
    const name = `${component}-${port}`;
    const pod = podOf(name, {
      image,
      command: ['node', '-e', LISTEN],
      env: { PORT: String(port) },
      labels: { 'app.kubernetes.io/component': component },
      spec: { securityContext: USER },
    });
    await kubectl(['create', '-n', namespace, '-f', '-'], { input: JSON.stringify(pod) });
    await kubectl(['wait', `pod/${name}`, '-n', namespace, '--for=condition=Ready', '--timeout=60s']);
    return (await kubectl(['get', 'pod', name, '-n', namespace, '-o', 'jsonpath={.status.podIP}'])).trim();
  }
});

const USER = {
  runAsNonRoot: true,
  runAsUser: 1_000,
  runAsGroup: 1_000,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** On the host outside the cluster, which is the metadata service too. */
function listenOutside(port: number): ChildProcess {
  const args = ['netns', 'exec', 'glovebox-outside', process.execPath, '-e', LISTEN];
  return spawn('ip', args, { env: { PATH: process.env['PATH'], PORT: String(port) }, stdio: 'ignore' });
}
