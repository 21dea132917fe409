/**
 * Reads the usage that a model's answer reports into the five kinds of tokens that have a price. Whatever it names
 * beyond them is returned as unpriced, so that money is never lost in a key we do not know.
 */
import { z } from 'zod';
import { GloveboxError } from '../shared/errors.ts';
import type { CostFeature } from './cost-feature.ts';

/** Token counts by what they cost. */
export const TokenLines = z.strictObject({
  input: z.int().min(0),
  cacheWrite5m: z.int().min(0),
  cacheWrite1h: z.int().min(0),
  cacheRead: z.int().min(0),
  output: z.int().min(0),
});
export type TokenLines = z.infer<typeof TokenLines>;

/** Token counts, and the keys (or `key:value`) for which there is no price. */
export interface MeteredUsage {
  readonly lines: TokenLines;
  readonly unpriced: readonly string[];
}

const Tokens = z.int().min(0).nullish();
const Counted = z.looseObject({
  input_tokens: Tokens,
  output_tokens: Tokens,
  cache_creation_input_tokens: Tokens,
  cache_read_input_tokens: Tokens,
  cache_creation: z
    .looseObject({ ephemeral_5m_input_tokens: Tokens, ephemeral_1h_input_tokens: Tokens })
    .nullish(),
});
type Counted = z.infer<typeof Counted>;
const Usage = Counted.extend({
  iterations: z.array(Counted.extend({ type: z.string().nullish() })).nullish(),
});

const COUNTED_KEYS = new Set([...Object.keys(Counted.shape), 'iterations', 'output_tokens_details']);
/** Values that mean "the usual price"; any other value of these keys names a price that we do not have. */
const USUAL: Readonly<
  Record<string, { readonly values: readonly unknown[]; readonly feature: CostFeature }>
> = {
  service_tier: { values: ['standard'], feature: 'service-tier' },
  speed: { values: ['standard'], feature: 'speed' },
  inference_geo: { values: ['', 'global', 'not_available'], feature: 'region' },
};

/** What the reader needs to know of the request. */
export interface UsageContext {
  /** The request may have asked for one-hour cache entries: writes without a breakdown then count at that price. */
  readonly hourCache: boolean;
  /** Features that the admin priced and that this call used. */
  readonly priced: readonly CostFeature[];
}

/** Reads `usage` of an answer. Error `usage-invalid` when a count is no whole number from 0. */
export function readUsage(usage: unknown, context: UsageContext): MeteredUsage {
  const parsed = Usage.safeParse(usage);
  if (!parsed.success) {
    throw new GloveboxError({
      code: 'usage-invalid',
      message: 'The answer reports usage in a form that cannot be counted: expected whole numbers from 0.',
      cause: parsed.error,
    });
  }
  const { inside, compaction, foreign } = splitIterations(parsed.data.iterations ?? [], context);
  const top = mostOf(linesOf(parsed.data, context), inside);
  const lines = [compaction, foreign.lines].reduce(addLines, top);
  return { lines, unpriced: [...unpricedKeys(parsed.data, context), ...foreign.names] };
}

type Iterations = NonNullable<z.infer<typeof Usage>['iterations']>;

/** `message` entries are inside the top-level sums, `compaction` beside them; any other type has a price of its own. */
function splitIterations(entries: Iterations, context: UsageContext) {
  const sum = (chosen: Iterations) =>
    chosen.map((entry) => linesOf(entry, context)).reduce(addLines, NO_TOKENS);
  const foreign = entries.filter((entry) => entry.type !== 'message' && entry.type !== 'compaction');
  return {
    inside: sum(entries.filter((entry) => entry.type === 'message')),
    compaction: sum(entries.filter((entry) => entry.type === 'compaction')),
    foreign: { lines: sum(foreign), names: foreign.map((entry) => `iterations:${entry.type ?? 'untyped'}`) },
  };
}

/** No tokens of any kind. */
export const NO_TOKENS: TokenLines = { input: 0, cacheWrite5m: 0, cacheWrite1h: 0, cacheRead: 0, output: 0 };

function linesOf(counted: Counted, context: UsageContext): TokenLines {
  const written = counted.cache_creation_input_tokens ?? 0;
  const hour = counted.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const short = counted.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  const unnamed = Math.max(0, written - hour - short);
  return {
    input: counted.input_tokens ?? 0,
    cacheWrite5m: short + (context.hourCache ? 0 : unnamed),
    cacheWrite1h: hour + (context.hourCache ? unnamed : 0),
    cacheRead: counted.cache_read_input_tokens ?? 0,
    output: counted.output_tokens ?? 0,
  };
}

function unpricedKeys(usage: Counted, context: UsageContext): string[] {
  return Object.entries(usage)
    .filter(([key]) => !COUNTED_KEYS.has(key))
    .filter(([key, value]) => !isUsual(key, value, context))
    .map(([key, value]) => (typeof value === 'string' ? `${key}:${value.slice(0, 40)}` : key));
}

function isUsual(key: string, value: unknown, context: UsageContext): boolean {
  if (isNothing(value)) return true;
  if (key === 'server_tool_use') return context.priced.includes('server-tools');
  const usual = USUAL[key];
  if (usual === undefined) return false;
  return usual.values.includes(value) || context.priced.includes(usual.feature);
}

/** Null, zero, empty, or an object of nothing but these. */
function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === 0 || value === false) return true;
  return typeof value === 'object' && Object.values(value).every(isNothing);
}

/** Sums by kind. */
function addLines(a: TokenLines, b: TokenLines): TokenLines {
  return {
    input: a.input + b.input,
    cacheWrite5m: a.cacheWrite5m + b.cacheWrite5m,
    cacheWrite1h: a.cacheWrite1h + b.cacheWrite1h,
    cacheRead: a.cacheRead + b.cacheRead,
    output: a.output + b.output,
  };
}

function mostOf(a: TokenLines, b: TokenLines): TokenLines {
  return {
    input: Math.max(a.input, b.input),
    cacheWrite5m: Math.max(a.cacheWrite5m, b.cacheWrite5m),
    cacheWrite1h: Math.max(a.cacheWrite1h, b.cacheWrite1h),
    cacheRead: Math.max(a.cacheRead, b.cacheRead),
    output: Math.max(a.output, b.output),
  };
}
