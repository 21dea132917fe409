/** `glovebox bot`: the control plane as a process of its own, from its environment. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileSink } from '../audit/file-sink.ts';
import { readBotEnv } from '../config/env.ts';
import { readAppIdentity } from './app-identity.ts';
import { startBot } from './bot-process.ts';
import { createGithubClients } from './github-clients.ts';
import { loadAdmin } from './load-admin.ts';
import { takeBotLock } from './one-bot-lock.ts';
import { openOneMachine } from './one-machine.ts';
import { processParts } from './process-parts.ts';
import { untilSignal } from './until-signal.ts';

/** GitHub answers within seconds; a lease outlives this by far. */
const GITHUB_TIMEOUT_MS = 20_000;

/** Runs until a signal ends it; exit code 0, or 3 when its lock was lost. Errors: the environment's, the admin file's, the store's, GitHub's, `bot-running`. */
export async function runBot(): Promise<number> {
  const env = readBotEnv();
  const { file, admin } = await loadAdmin(env.configPath);
  mkdirSync(env.home, { recursive: true });
  const lock = env.databaseUrl === null ? null : await takeBotLock(env.databaseUrl);
  const parts = await processParts(env, 'bot');
  const github = createGithubClients({
    appId: env.appId,
    privateKey: env.privateKey,
    apiUrl: env.githubApiUrl,
    log: parts.log,
    throttle: env.githubThrottle,
    timeoutMs: GITHUB_TIMEOUT_MS,
  });
  const sandbox = await openOneMachine({
    ...env,
    ...parts,
    canaries: env.port === 0 ? [] : [`127.0.0.1:${env.port}`],
  });
  const bot = await startBot({
    ...parts,
    db: parts.store.db,
    databaseUrl: env.databaseUrl,
    adminFile: file,
    admin,
    github,
    app: await readAppIdentity(github),
    webhookSecret: env.webhookSecret,
    listen: { host: env.host, port: env.port },
    sandbox,
    sink: fileSink(join(env.home, 'audit.jsonl')),
  });
  parts.log.info({ url: bot.url, bubblewrap: sandbox.bubblewrapProblem() ?? 'ready' }, 'bot started');
  const ended = await Promise.race([untilSignal(), ...(lock ? [lock.lost] : [])]);
  await bot.close();
  await sandbox.close();
  await lock?.release();
  await parts.store.close();
  if (ended !== undefined) return 0;
  parts.log.error('the lock on the database was lost; another bot may run');
  return 3;
}
