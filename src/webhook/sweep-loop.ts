/**
 * Sweeps for as long as the bot runs: deliveries every 5 minutes, labels every 30. Each half goes on from where its last
 * success began, with an overlap, so that a sweep that failed leaves no hole.
 */
import type { Clock } from '../shared/clock.ts';
import { newSweepMemory, sweepDeliveries } from './sweep.ts';
import type { SweepDeps } from './sweep-deps.ts';

const EVERY_MS = 300_000;
const LABELS_EVERY = 6;

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
  const memory = newSweepMemory(deps);
  for (let round = 0; !signal.aborted; round++) {
    await sweepDeliveries(deps, memory, round % LABELS_EVERY === 0).catch((error: unknown) =>
      deps.log.warn({ err: error }, 'sweep failed'),
    );
    await clock.sleep(EVERY_MS, signal).catch(() => {});
  }
}
