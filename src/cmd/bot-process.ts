/** Builds and runs the bot: webhooks, deliveries, sweep, controller, publisher. Holds the App's key, never the model's. */
import { type AuditSink, drainToSink } from '../audit/installation-chain.ts';
import type { AdminConfig } from '../config/admin-config.ts';
import { concurrencyCaps } from '../config/concurrency-caps.ts';
import { podPlaces } from '../config/pod-places.ts';
import type { ConfigFile } from '../config/read-file.ts';
import { type Controller, startController } from '../controller/loop.ts';
import type { Sandbox } from '../job/sandbox.ts';
import type { Clock } from '../shared/clock.ts';
import type { RandomBytes } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { createReadiness } from '../shared/readiness.ts';
import type { SecretBox } from '../shared/secret-box.ts';
import type { Db } from '../task/open-database.ts';
import { listenForWakes } from '../task/store/listen-wakes.ts';
import { pingStore } from '../task/store/ping-store.ts';
import { deliveryHandler } from '../webhook/delivery-handler.ts';
import { type DeliveryLoop, handleDeliveries } from '../webhook/handle-deliveries.ts';
import { octokitSweepGitHub } from '../webhook/octokit-sweep-github.ts';
import { octokitWebhookGitHub } from '../webhook/octokit-webhook-github.ts';
import { startSweep } from '../webhook/sweep-loop.ts';
import { startWebhookServer } from '../webhook/webhook-server.ts';
import type { GithubClients } from './github-clients.ts';
import { stagePorts } from './stage-ports.ts';
import { taskPinner } from './task-pinner.ts';

export interface BotProcessOptions {
  readonly db: Db;
  /** Where notifications are heard; null on the embedded store, whose only process this is. */
  readonly databaseUrl: string | null;
  /** The admin's file, without errors. */
  readonly adminFile: ConfigFile<AdminConfig>;
  readonly admin: AdminConfig;
  readonly github: GithubClients;
  readonly app: { readonly id: number; readonly botUserId: number };
  readonly webhookSecret: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly sandbox: Sandbox;
  readonly secretBox: SecretBox;
  readonly markerKey: Uint8Array;
  readonly sink: AuditSink;
  /** Names this process in leases. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** A running bot. */
export interface RunningBot {
  readonly url: string;
  readonly port: number;
  /**
   * Says that it is not ready, and for `noticeMs` still takes what comes: balancers need to hear of it. Then takes nothing
   * new, ends what is in hand, leaves sandboxes to their owner.
   */
  close(noticeMs?: number): Promise<void>;
}

/** What a killed bot leaves a task blocked for; longer than any call to GitHub may wait and take (GITHUB_BOUNDS). */
const LEASE_MS = 30_000;
const SINK_EVERY_MS = 5_000;

/** Starts it. Errors: a busy port, the store's. */
export async function startBot(options: BotProcessOptions): Promise<RunningBot> {
  const controller = startController(controllerDeps(options));
  const deliveries = startDeliveries(options, controller);
  const wakes = options.databaseUrl
    ? await listenForWakes(options.databaseUrl, () => controller.wake(), options.log)
    : null;
  const server = await startWebhookServer({
    db: options.db,
    secret: options.webhookSecret,
    ...options.listen,
    wake: () => deliveries.wake(),
    readiness: createReadiness(options, { store: () => pingStore(options.db) }),
    log: options.log,
  });
  const stopTimers = startTimers(options, deliveries, controller);
  return {
    url: server.url,
    port: server.port,
    close: async (noticeMs = 0) => {
      server.leave();
      await options.clock.sleep(noticeMs);
      await stopTimers();
      await server.close();
      await deliveries.stop();
      await wakes?.close();
      await controller.stop();
    },
  };
}

function controllerDeps(options: BotProcessOptions): Parameters<typeof startController>[0] {
  const { db, clock, admin, github, app, sandbox, secretBox, random, log } = options;
  const ports = stagePorts({ db, clock, admin, github, appId: app.id, markerKey: options.markerKey });
  return {
    db,
    sandbox,
    ...ports,
    pinner: taskPinner(options),
    secretBox,
    random,
    log,
    settings: {
      holder: options.name,
      leaseMs: LEASE_MS,
      caps: concurrencyCaps(admin),
      pods: podPlaces(admin),
      parallel: 32,
      // the embedded store tells nobody of a change; PostgreSQL notifies, and the poll is only the net
      pollMs: options.databaseUrl === null ? 100 : 1_000,
      resyncMs: 60_000,
      retryMs: 1_000,
    },
  };
}

function startDeliveries(options: BotProcessOptions, controller: Controller): DeliveryLoop {
  const { db, clock, random, log, admin, github, app } = options;
  const handle = deliveryHandler({
    db,
    random,
    admin,
    ownBotId: app.botUserId,
    githubFor: async (installationId) => octokitWebhookGitHub(github.installation(installationId)),
    onTask: () => controller.wake(),
  });
  return handleDeliveries({ db, clock, log, handle });
}

/** The sweep and the audit sink, each one run at a time; answers with what stops them and waits for the run in hand. */
function startTimers(
  options: BotProcessOptions,
  deliveries: DeliveryLoop,
  controller: Controller,
): () => Promise<void> {
  const { db, random, log, admin, github, app, clock } = options;
  const sweepGithub = octokitSweepGitHub({
    app: github.app,
    installation: async (installationId) => github.installation(installationId),
  });
  const sweep = startSweep(
    {
      db,
      random,
      admin,
      log,
      ownBotId: app.botUserId,
      github: sweepGithub,
      now: () => clock.now(),
      wake: () => deliveries.wake(),
      onTask: () => controller.wake(),
    },
    clock,
  );
  const drain = repeat(SINK_EVERY_MS, log, 'audit sink failed; links wait', async () => {
    await drainToSink(db, options.sink);
  });
  return async () => {
    await Promise.all([sweep.stop(), drain()]);
  };
}

function repeat(
  everyMs: number,
  log: Log,
  complaint: string,
  work: () => Promise<void>,
): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    running = work()
      .catch((error: unknown) => log.warn({ err: error }, complaint))
      .finally(() => {
        busy = false;
      });
  }, everyMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
