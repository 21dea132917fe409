/**
 * What a call costs once it is over: pure. `exact` where the final usage came, `bounded` where it did not or names a price
 * that we lack. Never under what it may have cost, and never over the reservation unless the meter itself says so.
 */
import type { ModelPrice } from '../config/model-price.ts';
import type { NanoUsd } from '../shared/money.ts';
import { priceTokens } from './price.ts';
import { type MeteredUsage, NO_TOKENS, type TokenLines } from './usage.ts';

/** How a call ended, as the gateway saw it. */
export type CallEnd =
  /** The answer came whole, with its usage. */
  | { readonly kind: 'metered'; readonly usage: MeteredUsage }
  /** The answer began (its input is metered, where `usage` is not null) and was cut. */
  | { readonly kind: 'cut'; readonly usage: MeteredUsage | null }
  /** The upstream refused it with a status: such calls are not billed. */
  | { readonly kind: 'refused' };

/** What the reservation stands on. */
export interface HeldCall {
  readonly price: ModelPrice;
  readonly reservedNanoUsd: NanoUsd;
  /** As sent upstream. */
  readonly maxTokens: number;
  /** Bound of the priced features that the call uses. */
  readonly featureNanoUsd: NanoUsd;
}

export interface Settlement {
  readonly state: 'exact' | 'bounded';
  readonly nanoUsd: NanoUsd;
  readonly tokens: TokenLines;
  readonly flags: readonly string[];
}

/** Settles one call. */
export function settlementOf(held: HeldCall, end: CallEnd): Settlement {
  if (end.kind === 'refused')
    return { state: 'exact', nanoUsd: 0n, tokens: NO_TOKENS, flags: ['upstream-refused'] };
  if (end.kind === 'cut') return settleCut(held, end.usage);
  const { lines, unpriced } = end.usage;
  const metered = priceTokens(lines, held.price).totalNanoUsd + held.featureNanoUsd;
  const over = metered > held.reservedNanoUsd ? ['over-reserved'] : [];
  if (unpriced.length === 0) {
    const state = held.featureNanoUsd === 0n ? 'exact' : 'bounded';
    return { state, nanoUsd: metered, tokens: lines, flags: over };
  }
  const flags = ['unpriced', ...unpriced.slice(0, 20), ...over];
  return { state: 'bounded', nanoUsd: most(metered, held.reservedNanoUsd), tokens: lines, flags };
}

/** Metered input plus all the output that was allowed; the whole reservation where not even the input is known. */
function settleCut(held: HeldCall, usage: MeteredUsage | null): Settlement {
  if (usage === null || usage.unpriced.length > 0) {
    const flags = usage === null ? ['cut'] : ['unpriced', ...usage.unpriced.slice(0, 20), 'cut'];
    return { state: 'bounded', nanoUsd: held.reservedNanoUsd, tokens: usage?.lines ?? NO_TOKENS, flags };
  }
  const tokens = { ...usage.lines, output: Math.max(usage.lines.output, held.maxTokens) };
  const nanoUsd = priceTokens(tokens, held.price).totalNanoUsd + held.featureNanoUsd;
  const over = nanoUsd > held.reservedNanoUsd ? ['over-reserved'] : [];
  return { state: 'bounded', nanoUsd, tokens: usage.lines, flags: ['cut', ...over] };
}

function most(a: NanoUsd, b: NanoUsd): NanoUsd {
  return a > b ? a : b;
}
