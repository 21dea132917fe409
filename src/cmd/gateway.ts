/** `glovebox gateway`: the boundary as a process of its own, from its environment. */
import { readGatewayEnv } from '../config/env.ts';
import { gatewayIdentity } from './gateway-identity.ts';
import { startGateway } from './gateway-process.ts';
import { gatewayUpstream } from './gateway-upstream.ts';
import { loadAdmin } from './load-admin.ts';
import { gatewaySocket } from './one-machine.ts';
import { processParts } from './process-parts.ts';
import { untilSignal } from './until-signal.ts';

const GRACE_MS = 10_000;
/** A model call may take minutes, and a cut one is paid for in full: most end by themselves in this time. */
const DRAIN = { noticeMs: 5_000, callsMs: 60_000 };

/** Runs until a signal ends it; exit code 0. Errors: the environment's, the admin file's, the store's, a busy port. */
export async function runGateway(): Promise<number> {
  const env = readGatewayEnv();
  const { admin } = await loadAdmin(env.configPath);
  const parts = await processParts(env, 'gateway');
  const { upstream, url, close } = await gatewayUpstream(env, parts.store.db);
  const isReplica = env.sandbox === 'kubernetes';
  const { identity, checks, close: closeIdentity } = await gatewayIdentity(env.sandbox, parts);
  const gateway = await startGateway({
    ...parts,
    db: parts.store.db,
    admin,
    upstream,
    upstreamUrl: url,
    allowUnfenced: env.allowUnfenced,
    secrets: env.anthropicApiKey === null ? [] : [env.anthropicApiKey],
    gitUrl: env.githubGitUrl,
    allowPlainGit: env.allowPlainGit,
    identity,
    checks,
    socketPath: isReplica ? null : gatewaySocket(env.gatewaySocketDir),
    tcp: { host: env.host, port: env.port },
  });
  parts.log.info({ port: gateway.port, upstream: upstream.name }, 'gateway started');
  await untilSignal();
  await gateway.close(GRACE_MS, isReplica ? DRAIN : undefined);
  close();
  await closeIdentity();
  await parts.store.close();
  return 0;
}
