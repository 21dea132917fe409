/**
 * `glovebox gateway --standalone`: the model side alone, with one token and one budget, so that anyone can point their own
 * client at it. Prints one JSON line with `url` and `token`; the model's key stays here.
 */
import { hostname } from 'node:os';
import { SHIPPED_PRICES } from '../config/model-catalogue.ts';
import type { ModelPrice } from '../config/model-price.ts';
import { overridePrice } from '../config/price-table.ts';
import type { Caller, Identity } from '../gateway/identity.ts';
import { anthropicUpstream } from '../gateway/model/anthropic-upstream.ts';
import { MODEL_LIMITS } from '../gateway/model/model-deps.ts';
import { modelRoutes } from '../gateway/model/model-routes.ts';
import { exactScrub } from '../gateway/model/scrub-strings.ts';
import { openGatewayServer } from '../gateway/server.ts';
import { systemClock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import { systemRandom } from '../shared/ids.ts';
import { createLog } from '../shared/log.ts';
import { nanoUsdOf } from '../shared/money.ts';
import { issueToken, tokenHash } from '../shared/token.ts';
import { type Db, openDatabase } from '../task/open-database.ts';
import type { PricesGiven } from './option-values.ts';

/** What the command line says. */
export interface StandaloneArgs {
  readonly upstream: string;
  readonly budgetUsd: number;
  /** 0 or left out: any free port. */
  readonly port?: number | undefined;
  /** Folder of the embedded store, so that what was spent outlives the process; left out: in memory. */
  readonly store?: string | undefined;
  /** Prices beside the shipped ones, or instead of them. */
  readonly prices?: PricesGiven | undefined;
}

/** Where it writes, and the upstream's key. */
export interface StandaloneIo {
  readonly out: (text: string) => void;
  readonly apiKey: string | null;
  readonly logLevel?: string | undefined;
}

/** A running gateway; `close` settles what is in flight and ends it. */
export interface Standalone {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

const CALLER: Caller = {
  taskId: 'standalone',
  attempt: 1,
  round: 1,
  jobName: 'standalone',
  kind: 'work',
  phase: 'work',
  podUid: null,
};
const NO_CAPS = { day: null, month: null };
const GRACE_MS = 2_000;

/** Starts it. Errors: `budget-invalid`, `upstream-invalid`, the store's, a busy port. */
export async function standaloneGateway(args: StandaloneArgs, io: StandaloneIo): Promise<Standalone> {
  const budget = budgetOf(args.budgetUsd);
  const upstream = anthropicUpstream({ baseUrl: args.upstream, apiKey: io.apiKey });
  const store = await openDatabase({ kind: 'pglite', folder: args.store ?? 'memory' });
  try {
    return await serve(args, io, { db: store.db, upstream, budget, closeStore: () => store.close() });
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Opened {
  readonly db: Db;
  readonly upstream: ReturnType<typeof anthropicUpstream>;
  readonly budget: ReturnType<typeof nanoUsdOf>;
  readonly closeStore: () => Promise<void>;
}

async function serve(
  args: StandaloneArgs,
  io: StandaloneIo,
  { db, upstream, budget, closeStore }: Opened,
): Promise<Standalone> {
  const token = issueToken(systemRandom);
  const log = createLog(io.logLevel ?? 'warn');
  const prices = new Map([...Object.entries(SHIPPED_PRICES), ...pricesOf(args)]);
  const routes = modelRoutes({
    db,
    clock: systemClock,
    random: systemRandom,
    log,
    identity: oneToken(token),
    checkPhase: async () => 'open',
    closings: { signalFor: () => new AbortController().signal },
    payerOf: async () => ({
      taskId: CALLER.taskId,
      repositoryId: 0,
      installationId: 0,
      team: null,
      taskBudgetNanoUsd: budget,
    }),
    caps: () => ({ repository: NO_CAPS, organisation: NO_CAPS, teams: {} }),
    prices: () => prices,
    pricedFeatures: {},
    upstream,
    scrub: exactScrub(io.apiKey === null ? [] : [io.apiKey]),
    audit: async () => {},
    recordRefusal: async () => {},
    gateway: `standalone ${hostname()} ${process.pid}`,
    limits: MODEL_LIMITS,
  });
  const noSandbox = { fetch: () => Response.json({ error: { code: 'not-found' } }, { status: 404 }) };
  const server = await openGatewayServer(
    { sandboxRoutes: noSandbox, modelRoutes: routes.app, log },
    { tcp: { host: '127.0.0.1', port: args.port ?? 0 } },
  );
  const url = `http://127.0.0.1:${server.port}`;
  io.out(`${JSON.stringify({ url, token })}\n`);
  return {
    url,
    token,
    close: async () => {
      const closed = server.close(GRACE_MS);
      await routes.close();
      await closed;
      upstream.close();
      await closeStore();
    },
  };
}

function pricesOf({ prices = {} }: StandaloneArgs): (readonly [string, ModelPrice])[] {
  const today = new Date(systemClock.now()).toISOString().slice(0, 10);
  return Object.entries(prices).map(([model, price]) => [model, overridePrice(price, today)] as const);
}

function oneToken(token: string): Identity {
  const wanted = tokenHash(token);
  return {
    identify: async (given) =>
      tokenHash(given) === wanted ? { ok: true, caller: CALLER } : { ok: false, reason: 'unknown token' },
  };
}

function budgetOf(budgetUsd: number) {
  if (budgetUsd >= 0.000_001 && budgetUsd <= 1_000_000) return nanoUsdOf(budgetUsd);
  throw new GloveboxError({
    code: 'budget-invalid',
    message: `Invalid --budget '${budgetUsd}': expected 0.000001 to 1000000 US dollars.`,
  });
}
