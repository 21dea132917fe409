/** What a settled row keeps of its usage: tokens and their cost by kind, as the prices were at that moment. */
import { z } from 'zod';
import type { ModelPrice } from '../config/model-price.ts';
import { priceTokens } from './price.ts';
import { TokenLines } from './usage.ts';

const Nano = z
  .string()
  .regex(/^\d{1,18}$/)
  .transform(BigInt);

/** The `usage` column; amounts are nano-dollars. */
export const UsageRecord = z.strictObject({
  tokens: TokenLines,
  nanoUsd: z.strictObject({
    input: Nano,
    cacheWrite5m: Nano,
    cacheWrite1h: Nano,
    cacheRead: Nano,
    output: Nano,
  }),
  withoutCacheNanoUsd: Nano,
});
export type UsageRecord = z.infer<typeof UsageRecord>;

/** JSON text of a row's usage. */
export function usageJson(tokens: TokenLines, price: ModelPrice): string {
  const priced = priceTokens(tokens, price);
  const record = { tokens, nanoUsd: priced.lines, withoutCacheNanoUsd: priced.withoutCacheNanoUsd };
  return JSON.stringify(record, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}
