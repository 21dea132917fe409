/** What a task has cost, from settled rows only: the numbers of the check run's Cost section and of `task show`. */
import type { NanoUsd } from '../shared/money.ts';

/** One line of the cost table: token count and its cost. */
export interface CostLine {
  readonly tokens: number;
  readonly nanoUsd: NanoUsd;
}

export interface TaskCost {
  readonly calls: number;
  readonly models: readonly string[];
  readonly input: CostLine;
  readonly cacheWrite5m: CostLine;
  readonly cacheWrite1h: CostLine;
  readonly cacheRead: CostLine;
  readonly output: CostLine;
  /** Sum over all rows, bounded ones included. */
  readonly spentNanoUsd: NanoUsd;
  readonly reservedNanoUsd: NanoUsd;
  /** The same tokens without any caching; the saving is computed from it. */
  readonly withoutCacheNanoUsd: NanoUsd;
  /** Rows settled without final usage; 0 where every row is exact. */
  readonly boundedRows: number;
  /** By round number. */
  readonly byRound: Readonly<Record<number, NanoUsd>>;
  readonly repositoryToday: { readonly spentNanoUsd: NanoUsd; readonly capNanoUsd: NanoUsd | null };
}
