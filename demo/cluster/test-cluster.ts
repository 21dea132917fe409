/** The test cluster beside the clone: the one place where images can be built and loaded without a registry. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IMAGE_TARGETS, imageTag } from '../../build/image-tag.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import { type DemoImages, TEMPLATE_IMAGE } from './images.ts';
import type { Kubectl } from './kubectl.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const POSTGRES_FOLDER = 'k8s/overlays/dev/postgres';
const SERVER = ['config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}'];

/** Its folder, which may be missing. */
export const testClusterFolder = resolve(ROOT, process.env['GLOVEBOX_TEST_CLUSTER'] ?? '../shared/cluster');

/**
 * Builds and loads what its node does not hold yet: minutes the first time, a second later on. Errors: `images-missing`
 * where the context is another cluster, `image-not-built` with what the builder said last.
 */
export async function buildImages(
  kubectl: Kubectl,
  options: { readonly say: (text: string) => void; readonly signal: AbortSignal },
): Promise<DemoImages> {
  await requireTestCluster(kubectl, options.signal);
  const names = {
    control: `glovebox.test/control:${imageTag('control')}`,
    runner: `glovebox.test/runner:${imageTag('runner')}`,
    demo: `glovebox.test/demo:${imageTag('demo')}`,
    postgres: `glovebox.test/postgres:${imageTag('postgres')}`,
  };
  const loaded = (await image(['list'], options.signal)).split('\n');
  const builds = [
    ...IMAGE_TARGETS.map((target) => [names[target], ROOT, '--target', target]),
    [names.postgres, join(ROOT, POSTGRES_FOLDER)],
  ];
  for (const build of builds.filter(([name]) => !loaded.includes(name ?? ''))) {
    options.say(`Building image ${build[0]}.`);
    await image(['build', ...build, ...authority()], options.signal);
  }
  if (!loaded.includes(TEMPLATE_IMAGE)) await image(['load', TEMPLATE_IMAGE], options.signal);
  return { ...names, template: TEMPLATE_IMAGE };
}

/** Images are loaded into that cluster's node alone: another cluster would look for them in vain. */
async function requireTestCluster(kubectl: Kubectl, signal: AbortSignal): Promise<void> {
  const own = join(testClusterFolder, 'kubectl');
  const server = existsSync(own) ? await output(own, SERVER, signal) : null;
  if (server !== null && server === (await kubectl.run(SERVER))) return;
  throw new GloveboxError({
    code: 'images-missing',
    message: `Images are built for the test cluster alone, and context '${kubectl.context}' is another cluster; push them to a registry that it can pull from, and name them with --images PREFIX.`,
  });
}

/** Behind a proxy with an authority of its own, its certificate is a secret of the build. */
export function authority(): string[] {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  return file === undefined ? [] : ['--secret', `id=ca,src=${file}`];
}

function image(args: readonly string[], signal: AbortSignal): Promise<string> {
  return output(join(testClusterFolder, 'image'), args, signal);
}

function output(command: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], signal });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(stdout) : reject(notBuilt(args, stderr))));
  });
}

function notBuilt(args: readonly string[], stderr: string): GloveboxError {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return new GloveboxError({
    code: 'image-not-built',
    message: `\`image ${args.slice(0, 2).join(' ')}\` of the test cluster failed: ${said}`,
  });
}
