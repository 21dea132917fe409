/** Builds and runs the gateway: the only thing that a sandbox reaches. Holds the model's key, never the App's. */
import { appendAudit } from '../audit/append.ts';
import type { AdminConfig } from '../config/admin-config.ts';
import { capsOf } from '../config/caps.ts';
import { SHIPPED_PRICES } from '../config/model-catalogue.ts';
import { priceTable } from '../config/price-table.ts';
import { gitReadEndpoints } from '../gateway/git-read/git-read.ts';
import { createGitUpstream } from '../gateway/git-read/git-upstream.ts';
import type { Identity } from '../gateway/identity.ts';
import { watchJobClosings } from '../gateway/job-closings.ts';
import { createLocalIdentity } from '../gateway/local-identity.ts';
import { MODEL_LIMITS } from '../gateway/model/model-deps.ts';
import { modelRoutes } from '../gateway/model/model-routes.ts';
import { payerReader } from '../gateway/model/read-payer.ts';
import { exactScrub } from '../gateway/model/scrub-strings.ts';
import type { Upstream } from '../gateway/model/upstream.ts';
import { createRefusalRecorder, type RecordRefusal } from '../gateway/record-refusal.ts';
import { sandboxRoutes } from '../gateway/sandbox-routes.ts';
import { type GatewayListening, openGatewayServer } from '../gateway/server.ts';
import { readConversation } from '../gateway/transcript/read-conversation.ts';
import { ISOLATION_NONE_WARNING } from '../job/process-sandbox/isolation.ts';
import { reserveOpen } from '../ledger/reserve-open.ts';
import { harnessPaths } from '../result/classify-path.ts';
import { readFailingOutput } from '../result/read-failing-output.ts';
import type { Clock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import type { RandomBytes } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { type Checks, createReadiness } from '../shared/readiness.ts';
import type { SecretBox } from '../shared/secret-box.ts';
import type { Db } from '../task/open-database.ts';
import { checkPhase } from '../task/store/check-phase.ts';
import { pingStore } from '../task/store/ping-store.ts';

const MAX_PACK_BYTES = 2 ** 31;
const PACK_TIMEOUT_MS = 240_000;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

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
  /** Somebody said that tokens may go over plain HTTP to it. */
  readonly allowPlainGit?: boolean;
  /** Who proves tokens; left out, the record's own (one machine). */
  readonly identity?: Identity;
  /** What must answer beside the store before calls are sent here. */
  readonly checks?: Checks;
  /** Null: TCP only. */
  readonly socketPath: string | null;
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
  /** Ends it: model calls in flight are cut and settled at once, others may end for `graceMs`. Drains first where told. */
  close(graceMs: number, drain?: Drain): Promise<void>;
}

/** How a replica leaves without harm to calls in flight, in milliseconds. */
export interface Drain {
  /** How long calls still come in after it said that it is not ready: balancers need to hear of it. */
  readonly noticeMs: number;
  /** How long calls in flight may then go on. */
  readonly callsMs: number;
}

/** Starts it. Errors: `unfenced-upstream`, the server's (`socket-in-use`, a busy port). */
export async function startGateway(options: GatewayProcessOptions): Promise<RunningGateway> {
  refuseUnfenced(options);
  const { db, clock, log } = options;
  const closings = watchJobClosings({ db, clock, log });
  const identity = options.identity ?? createLocalIdentity({ db });
  const sides: Sides = { closings, identity, recordRefusal: createRefusalRecorder({ db, log }) };
  const model = modelSide(options, sides);
  const checks = createReadiness({ clock, log }, { store: () => pingStore(db), ...options.checks });
  let isLeaving = false;
  const readiness = async (): Promise<string | null> => (isLeaving ? 'ending' : checks());
  const server = await openGatewayServer(
    { sandboxRoutes: sandboxSide(options, sides), modelRoutes: model.app, readiness, log },
    listening(options),
  );
  return {
    port: server.port,
    close: async (graceMs, drain = { noticeMs: 0, callsMs: 0 }) => {
      isLeaving = true;
      await clock.sleep(drain.noticeMs);
      const closed = server.close(drain.callsMs + graceMs);
      await atMost(clock, drain.callsMs, closed);
      await model.close();
      await closed;
      closings.close();
    },
  };
}

function listening({ socketPath, tcp }: GatewayProcessOptions): GatewayListening {
  return { ...(socketPath === null ? {} : { socketPath }), ...(tcp ? { tcp } : {}) };
}

/** Waits for `work`, but no longer than that. */
async function atMost(clock: Clock, limitMs: number, work: Promise<void>): Promise<void> {
  const ended = new AbortController();
  const tooLong = clock.sleep(limitMs, ended.signal).catch(() => undefined);
  await Promise.race([work, tooLong]);
  ended.abort();
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

/** What both sides share: who calls, with its one cache, which jobs were closed, and where refusals are told. */
interface Sides {
  readonly closings: ReturnType<typeof watchJobClosings>;
  readonly identity: Identity;
  readonly recordRefusal: RecordRefusal;
}

function modelSide(options: GatewayProcessOptions, sides: Sides) {
  const { db, admin, clock } = options;
  const prices = priceTable(admin, SHIPPED_PRICES, new Date(clock.now()).toISOString().slice(0, 10));
  const caps = capsOf(admin);
  return modelRoutes({
    db,
    clock,
    random: options.random,
    log: options.log,
    ...sides,
    checkPhase,
    reserveOpen,
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

function sandboxSide(options: GatewayProcessOptions, sides: Sides) {
  const { db, clock, log, random, secretBox } = options;
  const git = gitReadEndpoints({
    fetchPack: createGitUpstream({
      baseUrl: options.gitUrl,
      fetch,
      allowPlain: options.allowPlainGit ?? false,
    }),
    secretBox,
    maxPackBytes: MAX_PACK_BYTES,
    packTimeoutMs: PACK_TIMEOUT_MS,
  });
  return sandboxRoutes(
    {
      db,
      ...sides,
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
