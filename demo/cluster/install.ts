/**
 * Brings the rendered manifests into a cluster in an order in which nothing has to fail and start again: the outside world
 * and the database first, then gateway and bot.
 */
import type { z } from 'zod';
import { type RepositorySeed, readFolder, toTreeFile } from '../../test/github-host/seed.ts';
import { awaitReady } from './await-ready.ts';
import { type ControlClient, controlClient } from './control-client.ts';
import { SeedMode, type StartWorld } from './control-wire.ts';
import type { Kubectl } from './kubectl.ts';
import { listOf, type Manifest } from './manifest.ts';
import { DEMO_PORTS, NAMESPACES } from './places.ts';
import { type PortForward, startPortForward } from './port-forward.ts';

/** The demo's pod, started, with the way to it. */
export interface InstalledWorld {
  readonly control: ControlClient;
  readonly forward: PortForward;
}

const DEMO = { namespace: NAMESPACES.control, target: 'pod/demo', port: DEMO_PORTS.control };

/** Applies all, resolves when all is ready. Errors: `kubectl-failed`, `not-ready`, `port-forward-failed`, the signal's reason. */
export async function install(
  kubectl: Kubectl,
  manifests: readonly Manifest[],
  options: {
    readonly world: z.input<typeof StartWorld>;
    readonly say: (text: string) => void;
    readonly signal: AbortSignal;
  },
): Promise<InstalledWorld> {
  const isOurs = ({ kind, metadata }: Manifest): boolean =>
    kind === 'Deployment' && ['bot', 'gateway'].includes(metadata.name);
  await apply(
    kubectl,
    manifests.filter((manifest) => !isOurs(manifest)),
  );
  await awaitReady(kubectl, ['pod/demo'], options);
  const forward = await startPortForward(kubectl, DEMO);
  try {
    const control = controlClient(`http://127.0.0.1:${forward.localPort}`);
    await control.startWorld(options.world);
    await awaitReady(kubectl, ['statefulset/postgres'], options);
    await apply(kubectl, manifests.filter(isOurs));
    await awaitReady(kubectl, ['deployment/gateway', 'deployment/bot'], options);
    return { control, forward };
  } catch (error) {
    await forward.close();
    throw error;
  }
}

async function apply(kubectl: Kubectl, manifests: readonly Manifest[]): Promise<void> {
  await kubectl.run(['apply', '--server-side', '-f', '-'], { input: listOf(manifests) });
}

/** A repository as the control API takes it. */
export function wireSeed({
  name,
  folder,
  files = [],
  firstIssueNumber = 1,
}: RepositorySeed): z.input<typeof StartWorld>['repositories'][number] {
  const all = [...(folder === undefined ? [] : readFolder(folder)), ...files.map(toTreeFile)];
  return {
    name,
    firstIssueNumber,
    files: all.map(({ path, mode, bytes }) => ({
      path,
      mode: SeedMode.parse(mode),
      base64: Buffer.from(bytes).toString('base64'),
    })),
  };
}
