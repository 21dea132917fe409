/**
 * The whole line on one machine, as demo and scenario tests run it: emulated GitHub, embedded store, bot and gateway in
 * this process, real sandboxes. Nothing here is left running after `close`.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSink } from '../src/audit/file-sink.ts';
import { readAppIdentity } from '../src/cmd/app-identity.ts';
import { startBot } from '../src/cmd/bot-process.ts';
import { startGateway } from '../src/cmd/gateway-process.ts';
import { createGithubClients } from '../src/cmd/github-clients.ts';
import { parseAdmin } from '../src/cmd/load-admin.ts';
import { gatewaySocket, openOneMachine } from '../src/cmd/one-machine.ts';
import { markerKey } from '../src/cmd/process-parts.ts';
import { anthropicUpstream } from '../src/gateway/model/anthropic-upstream.ts';
import { systemClock } from '../src/shared/clock.ts';
import { systemRandom } from '../src/shared/ids.ts';
import { createLog, type Log } from '../src/shared/log.ts';
import { createSecretBox } from '../src/shared/secret-box.ts';
import { openDatabase, type StoreLocation } from '../src/task/open-database.ts';
import { WEBHOOK_PATH } from '../src/webhook/receive-webhook.ts';
import { type GithubHost, startGithubHost } from '../test/github-host/github-host.ts';
import type { RepositorySeed } from '../test/github-host/seed.ts';
import { viewOf } from './host-view.ts';
import type { LabelledIssue, Line } from './line.ts';

export interface LocalLineOptions {
  readonly repositories: readonly RepositorySeed[];
  readonly adminText: string;
  readonly upstream: { readonly url: string; readonly apiKey: string | null };
  readonly logLevel: string;
  /** Somebody said that unfenced code may run beside an upstream that is not on this machine. */
  readonly allowUnfenced?: boolean;
  /** Left out: the embedded store, in memory. */
  readonly store?: StoreLocation;
  readonly port?: number;
  /** Left out: fresh ones, which nobody else knows. A suite that looks for leaks gives its own. */
  readonly storeKey?: Uint8Array;
  readonly webhookSecret?: string;
}

/** The running line, with what only this process can see of it. */
export interface LocalLine extends Line {
  readonly host: GithubHost;
  readonly home: string;
  readonly log: Log;
}

const GITHUB_TIMEOUT_MS = 20_000;

/** Starts everything. Errors: a busy port, an admin file with errors, a missing runner. */
export async function startLocalLine(options: LocalLineOptions): Promise<LocalLine> {
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    return await buildLine(options, closers, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function buildLine(
  options: LocalLineOptions,
  closers: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<LocalLine> {
  const home = await mkdtemp(join(tmpdir(), 'glovebox-'));
  closers.push(() => rm(home, { recursive: true, force: true }));
  const { file, admin } = parseAdmin(options.adminText, 'glovebox.config.yml');
  const storeKey = options.storeKey ?? randomBytes(32);
  const common = {
    clock: systemClock,
    random: systemRandom,
    log: createLog(options.logLevel),
    secretBox: createSecretBox(storeKey, systemRandom),
  };
  const host = await startGithubHost({ repositories: options.repositories, port: options.port ?? 0 });
  closers.push(() => host.close());
  const store = await openDatabase(options.store ?? { kind: 'pglite', folder: 'memory' });
  closers.push(() => store.close());
  const upstream = anthropicUpstream({ baseUrl: options.upstream.url, apiKey: options.upstream.apiKey });
  closers.push(async () => upstream.close());
  const gatewaySocketDir = join(home, 'gateway');
  const gateway = await startGateway({
    ...common,
    db: store.db,
    admin,
    upstream,
    upstreamUrl: options.upstream.url,
    allowUnfenced: options.allowUnfenced ?? false,
    secrets: options.upstream.apiKey === null ? [] : [options.upstream.apiKey],
    gitUrl: host.url,
    socketPath: gatewaySocket(gatewaySocketDir),
    tcp: null,
    name: 'gateway',
  });
  closers.push(() => gateway.close(1_000));
  const sandbox = await openOneMachine({ ...common, home, gatewaySocketDir });
  closers.push(() => sandbox.close());
  const github = createGithubClients({
    appId: host.app.id,
    privateKey: host.app.privateKey,
    apiUrl: host.url,
    log: common.log,
    throttle: false,
    waitMs: GITHUB_TIMEOUT_MS,
    timeoutMs: GITHUB_TIMEOUT_MS,
  });
  const webhookSecret = options.webhookSecret ?? randomBytes(24).toString('hex');
  const bot = await startBot({
    ...common,
    db: store.db,
    databaseUrl: options.store?.kind === 'postgres' ? options.store.url : null,
    adminFile: file,
    admin,
    github,
    app: await readAppIdentity(github),
    webhookSecret,
    listen: { host: '127.0.0.1', port: 0 },
    sandbox,
    markerKey: markerKey(storeKey),
    sink: fileSink(join(home, 'audit.jsonl')),
    name: 'bot',
  });
  closers.push(() => bot.close());
  host.webhooks.setTarget({ url: `${bot.url}${WEBHOOK_PATH}`, secret: webhookSecret });
  return {
    db: store.db,
    host,
    home,
    log: common.log,
    hand: (issue) => hand(host, issue),
    view: async () => viewOf(host),
    places: [
      ['emulated GitHub', host.url],
      ['bot', bot.url],
      ['data', home],
    ],
    leave: null,
    close,
  };
}

async function hand(host: GithubHost, issue: LabelledIssue): Promise<number> {
  const number = await host.people.openIssue({ ...issue, as: 'writer' });
  await host.people.label({ repository: issue.repository, number, as: 'writer' }, 'agent');
  return number;
}
