/** Features of a request whose cost its bytes do not bound. They pass only where the admin stated the most a call may cost. */
import type { NanoUsd } from '../shared/money.ts';

/** Stable names, used in refusals and in the admin's prices. */
const COST_FEATURES = [
  'server-tools',
  'mcp',
  'url-sources',
  'file-sources',
  'pdf',
  'container',
  'thread',
  'fallbacks',
  'compaction',
  'speed',
  'region',
  'service-tier',
  'long-context',
] as const;
export type CostFeature = (typeof COST_FEATURES)[number];

/** The most that one call may cost on top of its tokens for each feature that is allowed, nano-dollars. */
export type PricedFeatures = Readonly<Partial<Record<CostFeature, NanoUsd>>>;

/** Sum of the bounds of the features a call uses. */
export function featureBound(priced: PricedFeatures, used: readonly CostFeature[]): NanoUsd {
  return used.reduce((sum, feature) => sum + (priced[feature] ?? 0n), 0n);
}
