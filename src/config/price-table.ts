/** Prices by model id: the shipped catalogue, overridden by the admin's file. A model that is in neither is refused. */
import type { NanoUsd } from '../shared/money.ts';
import type { AdminConfig } from './admin-config.ts';
import type { Prices } from './budget-config.ts';
import { undatedModel } from './model-catalogue.ts';
import type { ModelPrice } from './model-price.ts';

/** Prices of all models that may be used and have one; nano-dollars per token. `readOn` is the override's date (`2026-11-21`). */
export function priceTable(
  admin: AdminConfig,
  shipped: Readonly<Record<string, ModelPrice>>,
  readOn: string,
): ReadonlyMap<string, ModelPrice> {
  const table = new Map<string, ModelPrice>();
  for (const [id, model] of Object.entries(admin.models)) {
    const price = model.price === undefined ? shippedPrice(shipped, id) : overridePrice(model.price, readOn);
    if (price !== undefined) table.set(id, price);
  }
  return table;
}

/** By the exact id, else by the one without its release date. */
function shippedPrice(shipped: Readonly<Record<string, ModelPrice>>, id: string): ModelPrice | undefined {
  const known = [id, undatedModel(id)].find((name) => Object.hasOwn(shipped, name));
  return known === undefined ? undefined : shipped[known];
}

/** What an admin, or a command line, says that a model costs; cache prices that are left out follow the input's. */
export function overridePrice(price: Prices, asOf: string): ModelPrice {
  const origin = { source: 'admin', asOf };
  if (price === 0) {
    return { input: 0n, output: 0n, cacheWrite5m: 0n, cacheWrite1h: 0n, cacheRead: 0n, ...origin };
  }
  const { input, output } = price;
  return {
    input,
    output,
    cacheWrite5m: price.cacheWrite5m ?? ceilDiv(input * 5n, 4n),
    cacheWrite1h: price.cacheWrite1h ?? input * 2n,
    cacheRead: price.cacheRead ?? ceilDiv(input, 10n),
    ...origin,
  };
}

function ceilDiv(amount: NanoUsd, by: bigint): NanoUsd {
  return (amount + by - 1n) / by;
}
