/** What every phase is given: places, time, randomness, the way to say what it is doing, and when to stop. */
import type { LimitKind } from '../result/contract/cell.ts';
import type { Heartbeat } from '../result/contract/gateway-api.ts';
import type { RunnerLayout } from '../result/contract/layout.ts';
import type { Clock } from '../shared/clock.ts';
import type { RandomBytes } from '../shared/ids.ts';

/** Facts of a heartbeat, all "as reported". */
export type PhaseFacts = NonNullable<Heartbeat['facts']>;

/** How a phase says what it does; the heartbeat carries the latest of each. */
export interface Reporter {
  /** One line for people, cut to 300 characters. */
  step(text: string): void;
  fact(facts: Partial<PhaseFacts>): void;
}

/** Common to all phases. */
export interface PhaseContext {
  readonly layout: RunnerLayout;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly report: Reporter;
  /** Aborts when we are told to end: SIGTERM, a heartbeat's `stop`, a closed phase, or a limit that was passed. */
  readonly stop: AbortSignal;
  /** The limit for which `stop` aborted, if it was one. */
  readonly passedLimit: () => LimitKind | null;
}
