/** The two images on a node: each does its work as the locked-down pod runs it, and holds nothing that it need not. */
import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/cmd/version.ts';
import { clusterHere, imageBytes, inNamespace, type TestNamespace } from '../fixtures/cluster.ts';
import { type TestImages, testImages } from '../fixtures/cluster-images.ts';
import { runPod } from '../fixtures/cluster-pod.ts';

const MEGABYTE = 1_000_000;
const TOOLS = ['/bin/sh', '/bin/bash', '/usr/bin/apt-get', '/usr/local/bin/npm'];
/** An image of Node alone would run as root, which the namespace refuses. */
const AS_NOBODY = {
  securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
};

describe.runIf(clusterHere)('the images', () => {
  let images: TestImages;
  let namespace: TestNamespace;

  beforeAll(async () => {
    images = await testImages();
    namespace = await inNamespace('wt-images', { 'pod-security.kubernetes.io/enforce': 'restricted' });
  }, 900_000);

  afterAll(() => namespace?.close());

  it('control runs every command without root, with a read-only root file system', async () => {
    const version = await runPod(namespace.name, { image: images.control, args: ['--version'] });
    const wrong = await runPod(namespace.name, { image: images.control, args: ['task', 'list'] });

    expect(version).toMatchObject({ exitCode: 0, log: VERSION });
    expect(wrong.exitCode).toBe(2);
    expect(wrong.log).toContain('DATABASE_URL');
  });

  it('runner runs Node, our one file, and git with its HTTP helper', async () => {
    const usage = await runPod(namespace.name, { image: images.runner, args: [] });
    const git = await runPod(namespace.name, {
      image: images.runner,
      command: ['/usr/bin/git', 'ls-remote', 'http://127.0.0.1:9/octo-org/clock.git'],
    });

    expect(usage).toMatchObject({ exitCode: 64, log: expect.stringContaining('Usage: node runner.mjs') });
    expect(git).toMatchObject({
      exitCode: 128,
      log: expect.stringContaining('Failed to connect to 127.0.0.1'),
    });
  });

  it.each(['control', 'runner'] as const)('%s has neither shell nor package manager', async (name) => {
    expect(await toolsIn(images[name])).toEqual([]);
  });

  it('counter-test: the same look finds a shell and a package manager in the image that Node comes from', async () => {
    expect(await toolsIn(images.template)).toEqual(TOOLS);
  });

  /** Those of the tools that start in a pod of the image; what is not there is a `StartError` of the runtime. */
  async function toolsIn(image: string): Promise<readonly string[]> {
    const found: string[] = [];
    for (const program of TOOLS) {
      const ended = await runPod(namespace.name, { image, command: [program, '--version'], spec: AS_NOBODY });
      if (ended.reason !== 'StartError') found.push(program);
      else expect(ended.exitCode).toBe(128);
    }
    return found;
  }

  it('control and runner are Node, git and libraries, and little else', async () => {
    const nodeBytes = statSync(process.execPath).size;

    expect((await imageBytes(images.control)) - nodeBytes).toBeLessThan(20 * MEGABYTE);
    expect((await imageBytes(images.runner)) - nodeBytes).toBeLessThan(35 * MEGABYTE);
  });
});
