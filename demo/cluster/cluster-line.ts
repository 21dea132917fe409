/**
 * The whole line in a cluster, as demo and cluster suites run it: control plane, gateway and database from the manifests,
 * the outside world in a pod beside them, reached from here through forwarded ports. `close` removes all of it.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { openDatabase } from '../../src/task/open-database.ts';
import { WEBHOOK_PATH } from '../../src/webhook/receive-webhook.ts';
import type { RepositorySeed } from '../../test/github-host/seed.ts';
import type { Line } from '../line.ts';
import type { ScriptedAnswer } from '../model/script.ts';
import type { RealUpstream } from '../open-upstream.ts';
import { steadily } from '../steadily.ts';
import { findEarlier } from './check-cluster.ts';
import type { ControlClient } from './control-client.ts';
import type { StartWorld } from './control-wire.ts';
import type { DemoImages } from './images.ts';
import { install, wireSeed } from './install.ts';
import type { Kubectl } from './kubectl.ts';
import { type Manifest, readManifests } from './manifest.ts';
import { writeOverlay } from './overlay.ts';
import { BOT_URL, DEMO_PORTS, NAMESPACES } from './places.ts';
import { type PortForward, startPortForward } from './port-forward.ts';
import { REMOVE_COMMAND, removeDemo } from './remove.ts';
import { type DemoSecrets, databaseUrl, newSecrets } from './secrets.ts';

export interface ClusterLineOptions {
  readonly images: DemoImages;
  readonly adminText: string;
  /** Null: the scripted model. */
  readonly upstream: RealUpstream | null;
  readonly repositories: readonly RepositorySeed[];
  readonly scenario: string;
  /** Scenarios of single conversations, by a text that only theirs holds. */
  readonly scenarios: Readonly<Record<string, string>>;
  /** The same with answers written down. */
  readonly scripts?: Readonly<Record<string, readonly ScriptedAnswer[]>>;
  readonly say: (text: string) => void;
  /** What a failed start made stays, to be looked at. */
  readonly keep: boolean;
  /** Ends the start, not the running line. */
  readonly signal: AbortSignal;
}

/** The running line, and what suites do to the world around it. */
export interface ClusterLine extends Line {
  readonly control: ControlClient;
  readonly secrets: DemoSecrets;
}

const DATABASE = { namespace: NAMESPACES.control, target: 'service/postgres', port: 5432 };

type Closers = (() => Promise<unknown>)[];

/** Starts it. Errors: the cluster's, `not-ready`, `port-forward-failed`, the signal's reason; all that was made is removed. */
export async function startClusterLine(kubectl: Kubectl, options: ClusterLineOptions): Promise<ClusterLine> {
  const closers: Closers = [];
  const close = async (): Promise<void> => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne();
  };
  try {
    return await build(kubectl, options, { closers, close });
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(
  kubectl: Kubectl,
  options: ClusterLineOptions,
  { closers, close }: { readonly closers: Closers; readonly close: () => Promise<void> },
): Promise<ClusterLine> {
  const { say, signal } = options;
  const secrets = newSecrets(options.upstream?.apiKey ?? null);
  const manifests = await render(kubectl, options, secrets);
  if (await findEarlier(kubectl, manifests)) {
    say('An earlier demo stands there: removing it.');
    await removeDemo(kubectl);
  }
  signal.throwIfAborted();
  const made = { stays: options.keep };
  closers.push(async () => {
    if (!made.stays) await removeDemo(kubectl);
  });
  const { control, forward } = await install(kubectl, manifests, {
    say,
    signal,
    world: worldOf(options, secrets),
  });
  closers.push(() => forward.close());
  const postgres = await startPortForward(kubectl, DATABASE);
  closers.push(() => postgres.close());
  const url = databaseUrl(secrets, `127.0.0.1:${postgres.localPort}`);
  const store = await steadily(() => openDatabase({ kind: 'postgres', url, maxConnections: 4 }));
  closers.push(() => store.close());
  made.stays = false;
  return {
    db: store.db,
    control,
    secrets,
    hand: (issue) => control.openIssue({ ...issue, label: 'agent' }),
    view: async () => (await control.view()).host,
    places: placesOf(forward, postgres, secrets),
    leave: () => {
      made.stays = true;
      return close();
    },
    close,
  };
}

function worldOf(
  { repositories, scenario, scenarios, scripts = {} }: ClusterLineOptions,
  { appPrivateKey, webhookSecret }: DemoSecrets,
): z.input<typeof StartWorld> {
  return {
    appPrivateKey,
    webhook: { url: `${BOT_URL}${WEBHOOK_PATH}`, secret: webhookSecret },
    repositories: repositories.map(wireSeed),
    scenario,
    scenarios: { ...scenarios },
    scripts: Object.fromEntries(
      Object.entries(scripts).map(([mark, answers]) => [mark, answers.map(wireAnswer)]),
    ),
  };
}

function wireAnswer({ text, calls }: ScriptedAnswer) {
  return { text, calls: calls.map(({ tool, input }) => ({ tool, input: { ...input } })) };
}

async function render(
  kubectl: Kubectl,
  { images, adminText, upstream }: ClusterLineOptions,
  secrets: DemoSecrets,
): Promise<Manifest[]> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'glovebox-demo-')));
  try {
    await writeOverlay(folder, {
      images,
      adminText,
      secrets,
      upstream: upstream?.url ?? null,
    });
    return readManifests(await kubectl.run(['kustomize', folder]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function placesOf(forward: PortForward, postgres: PortForward, secrets: DemoSecrets): Line['places'] {
  const { control } = NAMESPACES;
  return [
    ['emulated GitHub', `kubectl -n ${control} port-forward service/demo ${DEMO_PORTS.github}`],
    ['its control API', forward.command],
    ['database', `${postgres.command}; ${databaseUrl(secrets, '127.0.0.1:5432')}`],
    ['bot', `kubectl -n ${control} logs deployment/bot --follow`],
    ['gateway', `kubectl -n ${control} logs deployment/gateway --follow`],
    ['sandboxes', `kubectl -n ${NAMESPACES.sandbox} get jobs,pods --watch`],
    ['remove it', REMOVE_COMMAND],
  ];
}
