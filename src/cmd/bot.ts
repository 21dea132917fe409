/** `glovebox bot`: the control plane as a process of its own, from its environment. */
import { mkdirSync } from 'node:fs';
import { fileSink } from '../audit/file-sink.ts';
import { streamSink } from '../audit/stream-sink.ts';
import { type BotEnv, readBotEnv } from '../config/env.ts';
import { readAppIdentity } from './app-identity.ts';
import { startBot } from './bot-process.ts';
import { checkTemplates } from './check-templates.ts';
import { createGithubClients } from './github-clients.ts';
import { loadAdmin } from './load-admin.ts';
import { type BotLock, takeBotLock } from './one-bot-lock.ts';
import { openSandbox } from './open-sandbox.ts';
import { processParts } from './process-parts.ts';
import { untilSignal } from './until-signal.ts';

/** GitHub gives up after 10 s by itself; what is sent after a wait ends within the lease of 30 s all the same. */
const GITHUB_BOUNDS = { waitMs: 11_000, timeoutMs: 15_000 };
/** How long a balancer may take to hear that a replica leaves. */
const NOTICE_MS = 5_000;

/** Runs until a signal ends it; exit code 0, or 3 when its lock was lost. Errors: the environment's, the admin file's, the store's, GitHub's, `bot-running`. */
export async function runBot(): Promise<number> {
  const env = readBotEnv();
  const { file, admin } = await loadAdmin(env.configPath);
  checkTemplates(admin, env.configPath, env.sandbox);
  mkdirSync(env.home, { recursive: true });
  const lock = await lockOf(env);
  const parts = await processParts(env, 'bot');
  const github = createGithubClients({
    appId: env.appId,
    privateKey: env.privateKey,
    apiUrl: env.githubApiUrl,
    log: parts.log,
    throttle: env.githubThrottle,
    ...GITHUB_BOUNDS,
  });
  const { sandbox, ready, close } = await openSandbox(env, parts, admin);
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
    sink: env.auditSink === '-' ? streamSink(process.stdout) : fileSink(env.auditSink),
  });
  parts.log.info({ url: bot.url, ...ready }, 'bot started');
  const ended = await Promise.race([untilSignal(), ...(lock ? [lock.lost] : [])]);
  await bot.close(env.sandbox === 'kubernetes' ? NOTICE_MS : 0);
  await close();
  await lock?.release();
  await parts.store.close();
  if (ended !== undefined) return 0;
  parts.log.error('the lock on the database was lost; another bot may run');
  return 3;
}

/** Sandboxes of one machine are one bot's children; a cluster's are everybody's, and the bots share a PostgreSQL. */
async function lockOf({ databaseUrl, sandbox }: BotEnv): Promise<BotLock | null> {
  return sandbox === 'kubernetes' || databaseUrl === null ? null : takeBotLock(databaseUrl);
}
