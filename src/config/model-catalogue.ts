/**
 * The models whose prices ship with the program, with source and date, and the look-up of a price by the id that a
 * request names. Admin overrides are merged before (`price-table`); a model without a price is refused, never guessed.
 */
import { GloveboxError } from '../shared/errors.ts';
import type { ModelPrice } from './model-price.ts';

/** Price and, where published, sizes in tokens; null where we could not find them. */
export interface CatalogueModel {
  readonly price: ModelPrice;
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number | null;
}

const ORIGIN = { source: 'https://platform.claude.com/docs/en/about-claude/pricing', asOf: '2026-11-21' };

/** US dollars per million tokens are thousands of nano-dollars per token. */
function perMillion(inputUsd: bigint, outputUsd: bigint): ModelPrice {
  const input = inputUsd * 1000n;
  return {
    input,
    output: outputUsd * 1000n,
    cacheWrite5m: (input * 5n) / 4n,
    cacheWrite1h: input * 2n,
    cacheRead: input / 10n,
    ...ORIGIN,
  };
}

function model(price: ModelPrice, contextTokens: number | null, maxOutputTokens: number | null) {
  return { price, contextTokens, maxOutputTokens };
}

const OPUS = perMillion(5n, 25n);
const OPUS_FIRST = perMillion(15n, 75n);
const SONNET = perMillion(3n, 15n);
const HAIKU = perMillion(1n, 5n);

/** By undated id. Newer models are absent until their price was looked up. */
export const MODEL_CATALOGUE: Readonly<Record<string, CatalogueModel>> = {
  'claude-opus-4-8': model(OPUS, null, null),
  'claude-opus-4-7': model(OPUS, null, null),
  'claude-opus-4-6': model(OPUS, 200_000, 128_000),
  'claude-opus-4-5': model(OPUS, 200_000, 64_000),
  'claude-opus-4-1': model(OPUS_FIRST, 200_000, 32_000),
  'claude-opus-4-0': model(OPUS_FIRST, 200_000, 32_000),
  'claude-opus-4': model(OPUS_FIRST, 200_000, 32_000),
  'claude-sonnet-4-6': model(SONNET, 200_000, 64_000),
  'claude-sonnet-4-5': model(SONNET, 200_000, 64_000),
  'claude-sonnet-4-0': model(SONNET, 200_000, 64_000),
  'claude-sonnet-4': model(SONNET, 200_000, 64_000),
  'claude-haiku-4-5': model(HAIKU, 200_000, 64_000),
};

/** The shipped prices as the admin's overrides are merged over them; dated ids are found by `priceOf`. */
export const SHIPPED_PRICES: Readonly<Record<string, ModelPrice>> = Object.fromEntries(
  Object.entries(MODEL_CATALOGUE).map(([id, entry]) => [id, entry.price]),
);

/** The id without its release date: `claude-sonnet-4-5-20250929` and `claude-opus-4@20250514` name what they extend. */
export function undatedModel(id: string): string {
  return id.replace(/[-@]20\d{6}$/, '');
}

/** The price of the model a request names, by its exact id or the undated one. Error `price-unknown`. */
export function priceOf(prices: ReadonlyMap<string, ModelPrice>, id: string): ModelPrice {
  const price = prices.get(id) ?? prices.get(undatedModel(id));
  if (price !== undefined) return price;
  throw new GloveboxError({
    code: 'price-unknown',
    message: `Model '${id.slice(0, 100)}' has no price: expected one of ${[...prices.keys()].join(', ')}. An organisation admin can add it at models.NAME.price (a gateway that stands alone takes --price); 0 is a price.`,
    audience: 'admin',
    values: { model: id.slice(0, 100) },
  });
}
