/** The checks that need no cluster, with their real clients: store, App, model upstream, admin file, clocks. */
import { readAppEnv, readStoreEnv, readUpstreamEnv } from '../../../config/env.ts';
import { readTextFile } from '../../../config/validate.ts';
import type { Clock } from '../../../shared/clock.ts';
import { createLog } from '../../../shared/log.ts';
import { once } from '../../../shared/once.ts';
import { inspectStore, type StoreFacts } from '../../../task/inspect-store.ts';
import { createGithubClients } from '../../github-clients.ts';
import { isStoreMade, storeLocation } from '../../process-parts.ts';
import { type Check, type Finding, fails, isFinding, warns } from '../check.ts';
import { notSeen, type PlaceFacts, readHere } from '../place.ts';
import { type AdminText, adminFileCheck } from './admin-file.ts';
import { type ClockSource, clockCheck, differenceOf } from './clock.ts';
import { databaseCheck } from './database.ts';
import { type AppFacts, githubAppCheck } from './github-app.ts';
import { modelUpstreamCheck } from './model-upstream.ts';
import { readAppFacts } from './octokit-app-facts.ts';

export interface HereDeps {
  readonly place: PlaceFacts;
  readonly isKubernetes: boolean;
  readonly configPath: string;
  readonly clock: Clock;
  /** More clocks, and where the admin's file lies besides `configPath`. */
  readonly clocks?: readonly ClockSource[];
  readonly readAdmin?: () => Promise<AdminText | Finding>;
}

const GITHUB_BOUNDS = { waitMs: 15_000, timeoutMs: 15_000 };

/** All of them, in the table's order. Nothing is opened before a check runs. */
export function checksHere(deps: HereDeps): readonly Check[] {
  const { place, isKubernetes, clock } = deps;
  const look = once(() => lookAtStore(deps));
  return [
    databaseCheck(look),
    githubAppCheck(() => lookAtApp(place)),
    modelUpstreamCheck({
      read: () => readHere(place, 'gateway', readUpstreamEnv),
      keyIsElsewhere: isKubernetes
        ? notSeen(place.namespace, 'gateway', 'ANTHROPIC_API_KEY is not set here')
        : null,
      fetch,
    }),
    adminFileCheck({ isKubernetes, read: deps.readAdmin ?? (() => readAdminFile(deps.configPath)) }),
    clockCheck([storeClock(look), githubClock(place, clock), ...(deps.clocks ?? [])]),
  ];
}

async function lookAtStore({ place, isKubernetes, clock }: HereDeps): Promise<StoreFacts | Finding> {
  const env = readHere(place, 'bot', readStoreEnv);
  if (isFinding(env)) return env;
  if (env.databaseUrl === null && isKubernetes) {
    return place.place === 'pod'
      ? fails('DATABASE_URL is not set', 'set it in the Secrets of bot and gateway')
      : notSeen(place.namespace, 'bot', 'DATABASE_URL is not set here');
  }
  const location = storeLocation(env);
  if (!isStoreMade(location)) {
    return warns(
      `no DATABASE_URL, and no embedded store in '${env.home}' yet`,
      'set DATABASE_URL; the embedded store serves one process, for trying out',
    );
  }
  return inspectStore(location, clock);
}

async function lookAtApp(place: PlaceFacts): Promise<AppFacts | Finding> {
  const env = readHere(place, 'bot', readAppEnv);
  if (isFinding(env)) return env;
  const { appId, privateKey, githubApiUrl } = env;
  const log = createLog('silent');
  return readAppFacts(
    createGithubClients({
      appId,
      privateKey,
      apiUrl: githubApiUrl,
      log,
      throttle: false,
      ...GITHUB_BOUNDS,
    }),
  );
}

async function readAdminFile(path: string): Promise<AdminText | Finding> {
  const text = await readTextFile(path);
  return text === null
    ? fails(
        `'${path}' cannot be read`,
        'write it (glovebox.config.example.yml is one to start from), or name another with GLOVEBOX_CONFIG',
      )
    : { text, from: path };
}

function storeClock(look: () => Promise<StoreFacts | Finding>): ClockSource {
  return {
    name: 'database',
    // where it does not answer at all, its own line says so
    read: async () => {
      const facts = await look().catch(() => null);
      return facts === null || isFinding(facts) ? null : facts;
    },
  };
}

function githubClock(place: PlaceFacts, clock: Clock): ClockSource {
  return {
    name: 'GitHub',
    read: async (signal) => {
      const env = readHere(place, 'bot', readAppEnv);
      if (isFinding(env)) return null;
      const atMs = clock.now();
      const response = await fetch(env.githubApiUrl, { redirect: 'manual', signal });
      await response.body?.cancel();
      return differenceOf(response.headers.get('date'), { atMs, clock });
    },
  };
}
