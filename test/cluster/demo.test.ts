/** What `npm run demo -- --kubernetes` refuses, and what it leaves behind when it is refused or interrupted: nothing. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  clusterFolder,
  clusterHere,
  holdRealNames,
  kubeconfigPath,
  kubectl,
  removeNamespace,
} from '../fixtures/cluster.ts';
import { type Ended, type Running, startNode } from '../fixtures/run-process.ts';

/** Nobody pulls from there: `.invalid` is no domain (RFC 2606). */
const NOWHERE = ['--images', 'registry.invalid/glovebox'];
const LIMIT_MS = 110_000;
const LOOK_EVERY_MS = 200;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glovebox-demo-cluster-'));
  const program = spawnSync('bash', ['-c', '. "$0" && printf %s "$KUBE"', join(clusterFolder, 'lib.sh')]);
  const path = join(folder, 'kubectl');
  writeFileSync(path, `#!/bin/sh\nexec ${program.stdout.toString()} kubectl "$@"\n`);
  chmodSync(path, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The demo with the cluster's own kubectl under its usual name, and this kubeconfig. */
function startDemo(kubeconfig: string): Running {
  const env = {
    PATH: `${folder}:${process.env['PATH']}`,
    GLOVEBOX_TEST_CLUSTER: clusterFolder,
    KUBECONFIG: kubeconfig,
    // where kubectl keeps what it learned
    HOME: folder,
  };
  return startNode(['demo/main.ts', '--kubernetes', ...NOWHERE], { env });
}

const demo = (kubeconfig = kubeconfigPath): Promise<Ended> => startDemo(kubeconfig).ended;

/** What the demo has made, by its label. */
function leftovers(): Promise<string> {
  const kinds =
    'namespaces,validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles,clusterrolebindings,priorityclasses';
  return kubectl(['get', kinds, '-l', 'glovebox.dev/demo=true', '-o', 'name']);
}

describe.runIf(clusterHere)('npm run demo -- --kubernetes, before it touches a cluster', () => {
  /** The administrator's kubeconfig with something changed, as JSON, which is YAML. */
  const changedKubeconfig = async (change: (text: string) => string): Promise<string> => {
    const path = join(folder, 'kubeconfig');
    writeFileSync(path, change(await kubectl(['config', 'view', '--raw', '-o', 'json'])));
    return path;
  };

  it('says what somebody without rights lacks, and exits with 2', async () => {
    const asOctocat = (text: string): string => text.replace(/"user": \{\n/, '"user": {\n"as": "octocat",\n');
    const { code, stderr } = await demo(await changedKubeconfig(asOctocat));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Refused: You may not create namespaces, .* in context 'test'/);
  });

  it('says that a cluster does not answer, and exits with 2', async () => {
    const elsewhere = (text: string): string =>
      text.replace(/"server": "[^"]+"/, '"server": "https://127.0.0.1:9"');
    const { code, stderr } = await demo(await changedKubeconfig(elsewhere));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Refused: The cluster of context 'test' does not answer: .+\n$/);
  });

  it('says that there is no current context, and exits with 2', async () => {
    expect(await demo('/dev/null')).toMatchObject({
      code: 2,
      stderr:
        'Refused: There is no current Kubernetes context; choose one with `kubectl config use-context NAME`, then run again.\n',
    });
  });
});

describe.runIf(clusterHere)('npm run demo -- --kubernetes, on a cluster', () => {
  let release: () => Promise<void>;
  beforeAll(async () => {
    release = await holdRealNames();
  }, 900_000);
  afterAll(() => release?.());

  it(
    'leaves alone a namespace of its name that it did not make',
    async () => {
      await kubectl(['create', 'namespace', 'glovebox']);
      try {
        expect(await demo()).toMatchObject({
          code: 2,
          stderr:
            "Refused: Namespace 'glovebox' in context 'test' was not made by this demo, and is left as it is; choose another cluster, then run again.\n",
        });
        expect(await kubectl(['get', 'namespace', 'glovebox', '-o', 'name'])).toBe('namespace/glovebox\n');
      } finally {
        await removeNamespace('glovebox');
      }
    },
    LIMIT_MS,
  );

  it(
    'names an image that cannot be pulled, and removes all that it made',
    async () => {
      const { code, stderr } = await demo();
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /^Refused: Pod '(demo|postgres-0)' in namespace 'glovebox' cannot start: .*[Ii]mage/,
      );
      expect(await leftovers()).toBe('');
    },
    LIMIT_MS,
  );

  it(
    'interrupted while it waits for pods, removes all that it made and exits with 130',
    async () => {
      const run = startDemo(kubeconfigPath);
      while ((await leftovers()) === '') await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      run.child.kill('SIGINT');
      expect((await run.ended).code).toBe(130);
      expect(await leftovers()).toBe('');
    },
    LIMIT_MS,
  );
});
