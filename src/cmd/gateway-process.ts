/** Builds and runs the gateway: the only thing that a sandbox reaches. Holds the model's key, never the App's. */
import { appendAudit } from '../audit/append.ts';
import type { AdminConfig } from '../config/admin-config.ts';
import { capsOf } from '../config/caps.ts';
import { SHIPPED_PRICES } from '../config/model-catalogue.ts';
import { priceTable } from '../config/price-table.ts';
import { gitReadEndpoints } from '../gateway/git-read/git-read.ts';
import { createGitUpstream } from '../gateway/git-read/git-upstream.ts';
import { watchJobClosings } from '../gateway/job-closings.ts';
import { createLocalIdentity } from '../gateway/local-identity.ts';
import { MODEL_LIMITS } from '../gateway/model/model-deps.ts';
import { modelRoutes } from '../gateway/model/model-routes.ts';
import { payerReader } from '../gateway/model/read-payer.ts';
import { exactScrub } from '../gateway/model/scrub-strings.ts';
import type { Upstream } from '../gateway/model/upstream.ts';
import { createRefusalRecorder } from '../gateway/record-refusal.ts';
import { sandboxRoutes } from '../gateway/sandbox-routes.ts';
import { type GatewayServer, openGatewayServer } from '../gateway/server.ts';
import { readConversation } from '../gateway/transcript/read-conversation.ts';
import { ISOLATION_NONE_WARNING } from '../job/process-sandbox/isolation.ts';
import { recoverLost } from '../ledger/recover.ts';
import { reserveOpen } from '../ledger/reserve-open.ts';
import { harnessPaths } from '../result/classify-path.ts';
import { readFailingOutput } from '../result/read-failing-output.ts';
import type { Clock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import type { RandomBytes } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import type { SecretBox } from '../shared/secret-box.ts';
import type { Db } from '../task/open-database.ts';
import { checkPhase } from '../task/store/check-phase.ts';

const MAX_PACK_BYTES = 2 ** 31;
const PACK_TIMEOUT_MS = 240_000;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);
const RECOVER_EVERY_MS = 15_000;

export interface GatewayProcessOptions {
  readonly db: Db;
  readonly admin: AdminConfig;
  readonly upstream: Upstream;
  /** Where the upstream is; templates without isolation may reach only this machine, unless `allowUnfenced`. */
  readonly upstreamUrl: string;
  readonly allowUnfenced: boolean;
  /** What must not appear in requests and transcripts, e.g. the upstream's key. */
  readonly secrets: readonly string[];
  readonly secretBox: SecretBox;
  readonly gitUrl: string;
  readonly socketPath: string;
  /** Null: the socket only. */
  readonly tcp: { readonly host: string; readonly port: number } | null;
  /** Names this process in ledger rows. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** A running gateway. */
export interface RunningGateway {
  readonly port: number | null;
  close(graceMs: number): Promise<void>;
}

/** Starts it. Errors: `unfenced-upstream`, the server's (`socket-in-use`, a busy port). */
export async function startGateway(options: GatewayProcessOptions): Promise<RunningGateway> {
  refuseUnfenced(options);
  const { db, clock, log } = options;
  const closings = watchJobClosings({ db, clock, log });
  const sides: Sides = { closings, identity: createLocalIdentity({ db }) };
  const model = modelSide(options, sides);
  const server = await openGatewayServer(
    { sandboxRoutes: sandboxSide(options, sides), modelRoutes: model.app, log },
    { socketPath: options.socketPath, ...(options.tcp ? { tcp: options.tcp } : {}) },
  );
  const recovering = setInterval(() => {
    recoverLost(db).catch((error: unknown) =>
      log.warn({ err: error }, 'lost ledger rows could not be settled'),
    );
  }, RECOVER_EVERY_MS);
  return {
    port: server.port,
    close: async (graceMs) => {
      clearInterval(recovering);
      await endCalls(server, model, graceMs);
      closings.close();
    },
  };
}

async function endCalls(
  server: GatewayServer,
  model: { close(): Promise<void> },
  graceMs: number,
): Promise<void> {
  const closed = server.close(graceMs);
  await model.close();
  await closed;
}

/** Code that runs unfenced beside us could read our keys: no key of value, no upstream outside, unless somebody said so. */
function refuseUnfenced({ admin, upstreamUrl, allowUnfenced, log }: GatewayProcessOptions): void {
  const open = Object.entries(admin.templates).filter(([, template]) => template.isolation === 'none');
  const [name] = open.map(([template]) => template);
  if (name === undefined) return;
  log.warn({ template: name }, ISOLATION_NONE_WARNING);
  if (allowUnfenced || LOOPBACK.has(new URL(upstreamUrl).hostname)) return;
  throw new GloveboxError({
    code: 'unfenced-upstream',
    message: `Template '${name}' has isolation 'none' and the model upstream '${upstreamUrl}' is not on this machine: the repository's code could read this process's keys. Use bubblewrap, or say GLOVEBOX_ALLOW_UNFENCED=yes.`,
    audience: 'admin',
  });
}

/** What both sides share: who calls, with its one cache, and which jobs were closed. */
interface Sides {
  readonly closings: ReturnType<typeof watchJobClosings>;
  readonly identity: ReturnType<typeof createLocalIdentity>;
}

function modelSide(options: GatewayProcessOptions, { closings, identity }: Sides) {
  const { db, admin, clock } = options;
  const prices = priceTable(admin, SHIPPED_PRICES, new Date(clock.now()).toISOString().slice(0, 10));
  const caps = capsOf(admin);
  return modelRoutes({
    db,
    clock,
    random: options.random,
    log: options.log,
    identity,
    checkPhase,
    reserveOpen,
    closings,
    payerOf: payerReader({ db, clock }),
    caps: () => caps,
    prices: () => prices,
    pricedFeatures: {},
    upstream: options.upstream,
    scrub: exactScrub(options.secrets),
    audit: (taskId, event) => db.transaction().execute((trx) => appendAudit(trx, taskId, event)),
    gateway: options.name,
    limits: MODEL_LIMITS,
  });
}

function sandboxSide(options: GatewayProcessOptions, { closings, identity }: Sides) {
  const { db, clock, log, random, secretBox } = options;
  const git = gitReadEndpoints({
    fetchPack: createGitUpstream({ baseUrl: options.gitUrl, fetch }),
    secretBox,
    maxPackBytes: MAX_PACK_BYTES,
    packTimeoutMs: PACK_TIMEOUT_MS,
  });
  return sandboxRoutes(
    {
      db,
      identity,
      closings,
      recordRefusal: createRefusalRecorder({ db, log }),
      clock,
      random,
      log,
      readConversation,
      readFailingOutput,
      classifyHarness: harnessPaths,
    },
    git,
  );
}
