/** What a call can cost at most, tried against calls that go to the limit; and how the usual estimates fare beside it. */
import { describe, expect, it } from 'vitest';
import { priceOf, SHIPPED_PRICES } from '../../src/config/model-catalogue.ts';
import { priceTokens } from '../../src/ledger/price.ts';
import {
  type InputFacts,
  inputTokenBound,
  outputFloor,
  worstInputNanoUsd,
} from '../../src/ledger/worst-case.ts';

const SONNET = priceOf(new Map(Object.entries(SHIPPED_PRICES)), 'claude-sonnet-4-6');
const ROUNDS = 2_000;
const MAX_TOKENS = 2_000;

/** How often a random call costs more than what `reserve` says of its input, with all of its output. */
function underestimated(reserve: (facts: InputFacts) => bigint): number {
  const random = seeded(7);
  let count = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { facts, nanoUsd } = randomCall(random);
    if (nanoUsd > reserve(facts) + BigInt(MAX_TOKENS) * SONNET.output) count += 1;
  }
  return count;
}

/** Any conversation and any use of the cache: up to one token per new byte, up to all of it written anew. */
function randomCall(random: () => number): { facts: InputFacts; nanoUsd: bigint } {
  const metered = Math.floor(random() * 50_000);
  const newBytes = Math.floor(random() * 50_000);
  const facts = { meteredTokens: metered, newBytes, images: 0, typedTools: 0, hourCache: random() < 0.5 };
  const tokens = metered + Math.floor(random() * newBytes);
  const cut = Math.floor(random() * tokens);
  const written = facts.hourCache
    ? { cacheWrite1h: cut, cacheWrite5m: 0 }
    : { cacheWrite1h: 0, cacheWrite5m: cut };
  const output = Math.floor(random() * (MAX_TOKENS + 1));
  const spent = priceTokens({ input: 0, cacheRead: tokens - cut, ...written, output }, SONNET);
  return { facts, nanoUsd: spent.totalNanoUsd };
}

describe('the worst case', () => {
  it('is never under what a call can cost, for random conversations and any use of the cache', () => {
    expect(underestimated((facts) => worstInputNanoUsd(facts, SONNET))).toBe(0);
  });

  it.each<[string, (facts: InputFacts) => bigint]>([
    [
      'four bytes to a token',
      (facts) => worstInputNanoUsd({ ...facts, newBytes: Math.ceil(facts.newBytes / 4) }, SONNET),
    ],
    ['the price of input', (facts) => BigInt(inputTokenBound(facts)) * SONNET.input],
    ['the cache of five minutes', (facts) => worstInputNanoUsd({ ...facts, hourCache: false }, SONNET)],
  ])(
    'counter-test: estimated by %s, as is usual, the same calls cost more than was held',
    (_what, estimate) => {
      expect(underestimated(estimate)).toBeGreaterThan(0);
    },
  );

  it('counts what images and typed tools add beyond their bytes', () => {
    const plain = { meteredTokens: 0, newBytes: 0, images: 0, typedTools: 0, hourCache: false };
    expect(inputTokenBound({ ...plain, images: 2, typedTools: 1 }) - inputTokenBound(plain)).toBe(12_000);
  });

  it.each([
    [500, 0, 500],
    [8_000, 0, 1_024],
    [8_000, 4_000, 4_001],
    [2_000, 4_000, 2_000],
  ])('needs of %d asked tokens with a thinking budget of %d at least %d', (asked, thinking, floor) => {
    expect(outputFloor(asked, thinking)).toBe(floor);
  });
});

/** A small linear congruential generator, so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
