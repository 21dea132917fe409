/**
 * Sweeps for as long as the bot runs: deliveries every 5 minutes, labels every 30. Each half goes on from where its last
 * success began, with an overlap, so that a sweep that failed leaves no hole.
 */
import type { Clock } from '../shared/clock.ts';
import { reach, type SweepCursor, type SweepDeps, sweepDeliveries } from './sweep.ts';

const EVERY_MS = 300_000;
const LABELS_EVERY = 6;
/** GitHub lists a delivery late, and ours are left alone for 2 minutes. */
const OVERLAP_MS = 900_000;

/** A running sweep. */
export interface SweepLoop {
  /** Stops after the sweep in hand. */
  stop(): Promise<void>;
}

/** Starts; the first sweep runs at once. A failed sweep is logged and made up for by the next. */
export function startSweep(deps: SweepDeps, clock: Clock): SweepLoop {
  const stopping = new AbortController();
  const done = run(deps, clock, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}

async function run(deps: SweepDeps, clock: Clock, signal: AbortSignal): Promise<void> {
  let deliveriesSince = reach(deps);
  let labelsSince = reach(deps);
  for (let round = 0; !signal.aborted; round++) {
    const withLabels = round % LABELS_EVERY === 0;
    const began = new Date(clock.now() - OVERLAP_MS);
    const swept = await attempt(deps, { deliveriesSince, labelsSince: withLabels ? labelsSince : null });
    if (swept) deliveriesSince = began;
    if (swept && withLabels) labelsSince = began;
    await clock.sleep(EVERY_MS, signal).catch(() => {});
  }
}

async function attempt(deps: SweepDeps, cursor: SweepCursor): Promise<boolean> {
  try {
    await sweepDeliveries(deps, cursor);
    return true;
  } catch (error) {
    deps.log.warn({ err: error }, 'sweep failed');
    return false;
  }
}
