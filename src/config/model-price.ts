/** What a model costs: nano-dollars per token, so that sums stay integers. 3 US dollars per million tokens is 3000. */
import type { NanoUsd } from '../shared/money.ts';

export interface ModelPrice {
  readonly input: NanoUsd;
  readonly output: NanoUsd;
  /** Cache write, 5 minutes. */
  readonly cacheWrite5m: NanoUsd;
  readonly cacheWrite1h: NanoUsd;
  readonly cacheRead: NanoUsd;
  /** Where the price was published and when it was read; `admin` for an override. */
  readonly source: string;
  readonly asOf: string;
}

/** One period's cap in nano-dollars; null is "no cap here". */
export interface PeriodCaps {
  readonly day: NanoUsd | null;
  readonly month: NanoUsd | null;
}

/** The admin's caps, live (not pinned). */
export interface Caps {
  readonly repository: PeriodCaps;
  readonly organisation: PeriodCaps;
  readonly teams: Readonly<Record<string, PeriodCaps>>;
}
