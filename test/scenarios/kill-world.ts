/**
 * The whole line as it runs in production on one machine: bot and gateway as processes of their own on PostgreSQL, real
 * sandboxes; GitHub and the model are in the test's process, behind proxies that can hold what is asked of them.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { adminFile } from '../../demo/admin-file.ts';
import { type ScriptedModel, startScriptedModel } from '../../demo/model/scripted-model.ts';
import { fix } from '../../demo/scenarios/fix.ts';
import { readToolPath } from '../../src/config/env.ts';
import { WEBHOOK_PATH } from '../../src/webhook/receive-webhook.ts';
import { type HoldingProxy, startHoldingProxy } from '../fixtures/holding-proxy.ts';
import { descendantsOf, processesOf, type SeenProcess, stillRunning } from '../fixtures/left-processes.ts';
import { type OwnProcess, startOwnProcess } from '../fixtures/own-process.ts';
import { hasBubblewrap } from '../fixtures/prerequisites.ts';
import { openTestStore } from '../fixtures/test-store.ts';
import { type GithubHost, startGithubHost } from '../github-host/github-host.ts';

/** The model that the admin's file names. */
export const MODEL = 'claude-sonnet-4-6';
export const REPOSITORY = 'clock';

const SAMPLE = fileURLToPath(new URL('../../demo/sample', import.meta.url));
const CONFIG = 'glovebox.config.yml';
const LOOK_EVERY_MS = 25;

type Store = Awaited<ReturnType<typeof openTestStore>>;
type Victim = 'bot' | 'gateway';

export interface KillWorld {
  readonly db: Store['db'];
  readonly home: string;
  readonly host: GithubHost;
  readonly model: ScriptedModel;
  /** Between bot and GitHub, between gateway and model. */
  readonly toGithub: HoldingProxy;
  readonly toModel: HoldingProxy;
  /** What the processes said, for failures. */
  readonly log: readonly string[];
  /** Opens an issue and labels it; answers its number. */
  label(title: string): Promise<number>;
  /** SIGKILL; resolves when it is gone, and with it everything that descended from it. */
  kill(...victims: Victim[]): Promise<void>;
  start(...victims: Victim[]): Promise<void>;
  /** SIGKILL to the runners that run now, inside their sandboxes; answers how many there were. */
  killRunners(): number;
  /** The state of an issue's task, or null before there is one. */
  stateOf(issue: number): Promise<string | null>;
  /** Ends bot and gateway as an operator does. */
  shutDown(): Promise<void>;
  close(): Promise<void>;
}

/** Starts everything. `concurrency`: tasks at once. What was opened before an error is closed. */
export async function startKillWorld(options: { readonly concurrency: number }): Promise<KillWorld> {
  const closers: Closers = [];
  const close = async (): Promise<void> => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne();
  };
  try {
    return await buildWorld(options.concurrency, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

type Closers = (() => Promise<unknown>)[];

async function buildWorld(
  concurrency: number,
  closers: Closers,
  close: () => Promise<void>,
): Promise<KillWorld> {
  const home = await mkdtemp(join(tmpdir(), 'gb-kill-'));
  closers.push(() => rm(home, { recursive: true, force: true }));
  const store = await openTestStore('postgres');
  closers.push(() => store.close());
  const outside = await openOutside(closers);
  const { host } = outside;
  await writeFile(join(home, CONFIG), adminText(concurrency));
  const secret = randomBytes(24).toString('hex');
  const environment = environmentOf(outside, { home, secret, databaseUrl: store.url ?? '' });
  const processes = ownProcesses(environment, (url) =>
    host.webhooks.setTarget({ url: `${url}${WEBHOOK_PATH}`, secret }),
  );
  closers.push(() => processes.kill('bot', 'gateway'));
  await processes.start('gateway', 'bot');
  return {
    db: store.db,
    home,
    ...outside,
    ...processes,
    label: (title) => openLabelled(host, title),
    stateOf: (issue) => readState(store.db, issue),
    close,
  };
}

type Outside = Pick<KillWorld, 'host' | 'model' | 'toGithub' | 'toModel'>;

async function openOutside(closers: Closers): Promise<Outside> {
  const host = await startGithubHost({ repositories: [await repository()] });
  closers.push(() => host.close());
  const model = await startScriptedModel(fix.answers);
  closers.push(() => model.close());
  const toGithub = await startHoldingProxy(host.url);
  closers.push(() => toGithub.close());
  const toModel = await startHoldingProxy(model.url);
  closers.push(() => toModel.close());
  return { host, model, toGithub, toModel };
}

function environmentOf(
  { host, toGithub, toModel }: Outside,
  own: { readonly home: string; readonly secret: string; readonly databaseUrl: string },
): Readonly<Record<string, string>> {
  return {
    PATH: readToolPath(),
    DATABASE_URL: own.databaseUrl,
    GLOVEBOX_HOME: own.home,
    GLOVEBOX_CONFIG: join(own.home, CONFIG),
    GLOVEBOX_STORE_KEY: randomBytes(32).toString('hex'),
    GITHUB_APP_ID: String(host.app.id),
    GITHUB_PRIVATE_KEY: host.app.privateKey,
    GITHUB_WEBHOOK_SECRET: own.secret,
    GITHUB_API_URL: toGithub.url,
    GITHUB_GIT_URL: host.url,
    GLOVEBOX_GITHUB_THROTTLE: 'off',
    GLOVEBOX_BOT_PORT: '0',
    ANTHROPIC_BASE_URL: toModel.url,
  };
}

async function openLabelled(host: GithubHost, title: string): Promise<number> {
  const act = { repository: REPOSITORY, as: 'writer' } as const;
  const number = await host.people.openIssue({ ...act, title, body: 'Only the first unit counts.' });
  await host.people.label({ ...act, number }, 'agent');
  return number;
}

async function readState(db: Store['db'], issue: number): Promise<string | null> {
  const query = db.selectFrom('task').select('state').where('issue_number', '=', issue);
  return (await query.executeTakeFirst())?.state ?? null;
}

function ownProcesses(
  environment: Readonly<Record<string, string>>,
  onBotUrl: (url: string) => void,
): Pick<KillWorld, 'kill' | 'start' | 'killRunners' | 'shutDown' | 'log'> {
  const running = new Map<Victim, OwnProcess>();
  const log: string[] = [];
  const take = (victim: Victim): OwnProcess[] => {
    const process = running.get(victim);
    running.delete(victim);
    return process ? [process] : [];
  };
  return {
    log,
    start: async (...victims) => {
      await Promise.all(
        victims.map(async (victim) => {
          const process = await startOwnProcess(victim, environment, log);
          running.set(victim, process);
          if (process.url !== null) onBotUrl(process.url);
        }),
      );
    },
    kill: async (...victims) => {
      const processes = victims.flatMap(take);
      const children = processes.flatMap(({ pid }) => descendantsOf(pid));
      await Promise.all(processes.map((process) => process.kill()));
      await until('everything that a killed process had started is gone', 10_000, async () =>
        isGone(children),
      );
    },
    killRunners: () => {
      const bot = running.get('bot');
      const runners = bot ? descendantsOf(bot.pid).filter(isRunner) : [];
      for (const { pid } of runners) process.kill(pid, 'SIGKILL');
      return runners.length;
    },
    shutDown: async () => {
      for (const process of [...take('bot'), ...take('gateway')]) await process.end();
    },
  };
}

function isGone(processes: readonly SeenProcess[]): boolean {
  return stillRunning(processes).length === 0;
}

/** Runners that run now and whose mounts or environment say that they belong to this world. */
export function runnersOf(world: KillWorld): readonly SeenProcess[] {
  return processesOf(world.home).filter(isRunner);
}

/** Node with the runner's file, itself, not what holds it. */
function isRunner({ command }: SeenProcess): boolean {
  return /^\S*node \S*runner\.mjs/.test(command);
}

/** The demo's sample; its checks take a second more, so that a verify job can be met while it runs. */
async function repository() {
  const path = '.github/glovebox.yml';
  const text = await readFile(join(SAMPLE, path), 'utf8');
  const content = text.replace('run: node', 'run: sleep 1; node');
  if (content === text) throw new Error('the sample has another check');
  return { name: REPOSITORY, folder: SAMPLE, files: [{ path, content }], firstIssueNumber: 42 };
}

function adminText(concurrency: number): string {
  const isolation = hasBubblewrap ? 'bubblewrap' : 'none';
  const text = adminFile({ isolation, template: 'node-24', model: MODEL });
  return `${text}concurrency: { installation: ${concurrency}, repository: ${concurrency} }\n`;
}

/** Looks until it is so. Error: the sentence, after `limitMs`. */
export async function until(what: string, limitMs: number, look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + limitMs; Date.now() < end; await delay(LOOK_EVERY_MS)) {
    if (await look()) return;
  }
  throw new Error(`Not within ${limitMs / 1_000} s: ${what}`);
}
