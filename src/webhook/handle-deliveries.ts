/**
 * The loop that handles stored deliveries: woken in the process, and every second besides. A failed one comes again,
 * later and later; only a call that GitHub keeps refusing ends it.
 */
import type { Clock } from '../shared/clock.ts';
import { GloveboxError, hasCode } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Db } from '../task/open-database.ts';
import { type ClaimedDelivery, claimDeliveries } from '../task/store/claim-deliveries.ts';
import { finishDelivery, putOffDelivery } from '../task/store/finish-delivery.ts';

const POLL_MS = 1_000;
const MAX_BACKOFF_MS = 3_600_000;

/** Handles one delivery and answers with a word for the record. Errors with `retry` put it off, others too, for longer. */
export type DeliveryHandler = (delivery: ClaimedDelivery, log: Log) => Promise<string>;

export interface HandleDeliveriesDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly handle: DeliveryHandler;
  /** Handled at once; default 8. */
  readonly concurrency?: number;
  /** A claim of a process that died runs out after this; default 30 s. */
  readonly claimMs?: number;
}

/** A running loop. */
export interface DeliveryLoop {
  /** Look now. */
  wake(): void;
  /** Stops after what is in hand. */
  stop(): Promise<void>;
}

/** Starts the loop. A slow delivery takes one place; the others go on. */
export function handleDeliveries(deps: HandleDeliveriesDeps): DeliveryLoop {
  const stopping = new AbortController();
  const inHand = new Set<Promise<void>>();
  let woken = Promise.withResolvers<void>();
  const take = (delivery: ClaimedDelivery): void => {
    const work = handleOne(deps, delivery).finally(() => {
      inHand.delete(work);
      woken.resolve();
    });
    inHand.add(work);
  };
  const done = (async () => {
    while (!stopping.signal.aborted) {
      woken = Promise.withResolvers<void>();
      const claimed = await claim(deps, inHand.size);
      for (const delivery of claimed) take(delivery);
      if (claimed.length === 0) await pause(deps.clock, woken.promise, stopping.signal);
    }
    await Promise.all(inHand);
  })();
  return {
    wake: () => woken.resolve(),
    stop: async () => {
      stopping.abort();
      woken.resolve();
      await done;
    },
  };
}

/** One pass: claims what is due, handles it and waits for its end; answers how many there were. Never throws. */
export async function passOnce(deps: HandleDeliveriesDeps): Promise<number> {
  const claimed = await claim(deps, 0);
  await Promise.all(claimed.map((delivery) => handleOne(deps, delivery)));
  return claimed.length;
}

async function claim(deps: HandleDeliveriesDeps, inHand: number): Promise<readonly ClaimedDelivery[]> {
  const most = (deps.concurrency ?? 8) - inHand;
  if (most <= 0) return [];
  try {
    return await claimDeliveries(deps.db, { most, claimMs: deps.claimMs ?? 30_000 });
  } catch (error) {
    deps.log.error({ err: error }, 'deliveries cannot be read');
    return [];
  }
}

/** Never throws: where even the failure cannot be written, the claim runs out and the delivery is due again. */
async function handleOne(deps: HandleDeliveriesDeps, delivery: ClaimedDelivery): Promise<void> {
  const log = deps.log.child({ deliveryId: delivery.id, event: delivery.event, action: delivery.action });
  try {
    const result = await deps.handle(delivery, log);
    await finishDelivery(deps.db, delivery.id, result);
    log.info({ result }, 'delivery handled');
  } catch (error) {
    await recordFailure(deps, { delivery, error, log }).catch((cause: unknown) =>
      log.error({ err: cause }, 'a failure could not be written'),
    );
  }
}

interface Failure {
  readonly delivery: ClaimedDelivery;
  readonly error: unknown;
  readonly log: Log;
}

async function recordFailure(deps: HandleDeliveriesDeps, { delivery, error, log }: Failure): Promise<void> {
  if (isFinal(error, delivery.failures)) {
    log.error({ err: error }, 'delivery given up: GitHub keeps refusing');
    return finishDelivery(deps.db, delivery.id, 'given up: GitHub keeps refusing');
  }
  const delayMs = backoffMs(error, delivery.failures);
  log.warn({ err: error, failures: delivery.failures + 1, delayMs }, 'delivery put off');
  const text = error instanceof Error ? error.message : String(error);
  return putOffDelivery(deps.db, delivery.id, { error: text, delayMs });
}

/** A refusal of GitHub's (no access, gone) that stood for 17 min; anything else is tried on. */
function isFinal(error: unknown, failures: number): boolean {
  return hasCode(error, 'github-refused') && failures >= 9;
}

/** 2 s, 4 s, 8 s … up to an hour; GitHub's own `retry-after` counts where it is longer. */
export function backoffMs(error: unknown, failures: number): number {
  const own = Math.min(MAX_BACKOFF_MS, 2_000 * 2 ** Math.min(failures, 20));
  const asked = error instanceof GloveboxError ? Number(error.values['retryAfterS'] ?? 0) * 1_000 : 0;
  return Math.max(own, Number.isFinite(asked) ? Math.min(asked, MAX_BACKOFF_MS) : 0);
}

async function pause(clock: Clock, woken: Promise<void>, signal: AbortSignal): Promise<void> {
  const timer = new AbortController();
  const both = AbortSignal.any([signal, timer.signal]);
  await Promise.race([woken, clock.sleep(POLL_MS, both).catch(() => {})]);
  timer.abort();
}
