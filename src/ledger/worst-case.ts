/**
 * The most that a call can cost before it is sent. Input: exact tokens for the prefix that an earlier answer metered, and
 * for the rest at most one token per byte (a tokenizer never makes two of one byte), plus what images and tool
 * definitions add by themselves. Output: the `max_tokens` that is sent.
 */
import type { ModelPrice } from '../config/model-price.ts';
import type { NanoUsd } from '../shared/money.ts';

/** Prompt that the provider adds by itself once tools are there; published figures are 264 to 804 tokens. */
const TOKENS_OF_TOOL_PROMPT = 1_000;
/** A tool known by its type carries a definition that its bytes do not show; published figures are 245 to 1,500 tokens. */
const TOKENS_PER_TYPED_TOOL = 2_000;
/** An image's tokens follow its pixels, not its bytes; the largest published figure is 4,784 tokens. */
const TOKENS_PER_IMAGE = 5_000;
/** Turn markers and the frame of a conversation. */
const TOKENS_OF_FRAME = 100;

/** What is known of a request's input. */
export interface InputFacts {
  /** Tokens of the prefix as the last answer metered them; 0 where nothing of it was metered. */
  readonly meteredTokens: number;
  /** Bytes of JSON after that prefix. An escape is never shorter than what it stands for. */
  readonly newBytes: number;
  readonly images: number;
  readonly typedTools: number;
  /** One-hour cache entries may be written. */
  readonly hourCache: boolean;
}

/** An upper bound of the input's tokens. */
export function inputTokenBound(facts: InputFacts): number {
  return (
    facts.meteredTokens +
    facts.newBytes +
    facts.images * TOKENS_PER_IMAGE +
    facts.typedTools * TOKENS_PER_TYPED_TOOL +
    TOKENS_OF_TOOL_PROMPT +
    TOKENS_OF_FRAME
  );
}

/** An upper bound of the input's cost: every token may be written to the cache, where the metered prefix has expired. */
export function worstInputNanoUsd(facts: InputFacts, price: ModelPrice): NanoUsd {
  const rates = [price.input, price.cacheRead, price.cacheWrite5m];
  if (facts.hourCache) rates.push(price.cacheWrite1h);
  return BigInt(inputTokenBound(facts)) * rates.reduce((most, rate) => (rate > most ? rate : most), 0n);
}

/** The least output a call is sent with: what was asked, or 1,024 tokens and what the thinking budget needs, whichever is smaller. */
export function outputFloor(askedTokens: number, thinkingBudgetTokens: number): number {
  return Math.min(askedTokens, Math.max(1_024, thinkingBudgetTokens + 1));
}
