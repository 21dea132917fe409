/** Pure prices: tokens times nano-dollars per token, exact to the last nano-dollar. */
import type { ModelPrice } from '../config/model-price.ts';
import type { NanoUsd } from '../shared/money.ts';
import type { TokenLines } from './usage.ts';

/** What each kind of token cost, their sum, and what the same tokens had cost without a cache. */
export interface Priced {
  readonly lines: Readonly<Record<keyof TokenLines, NanoUsd>>;
  readonly totalNanoUsd: NanoUsd;
  readonly withoutCacheNanoUsd: NanoUsd;
}

/** Prices token counts. */
export function priceTokens(tokens: TokenLines, price: ModelPrice): Priced {
  const lines = {
    input: BigInt(tokens.input) * price.input,
    cacheWrite5m: BigInt(tokens.cacheWrite5m) * price.cacheWrite5m,
    cacheWrite1h: BigInt(tokens.cacheWrite1h) * price.cacheWrite1h,
    cacheRead: BigInt(tokens.cacheRead) * price.cacheRead,
    output: BigInt(tokens.output) * price.output,
  };
  const read = tokens.input + tokens.cacheWrite5m + tokens.cacheWrite1h + tokens.cacheRead;
  return {
    lines,
    totalNanoUsd: lines.input + lines.cacheWrite5m + lines.cacheWrite1h + lines.cacheRead + lines.output,
    withoutCacheNanoUsd: BigInt(read) * price.input + lines.output,
  };
}
