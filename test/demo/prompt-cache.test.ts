/** The scripted bill follows Anthropic's published cache rules: who checks the bill against them reads this table. */
import { describe, expect, it } from 'vitest';
import { type InputUsage, PromptCache, promptTokens } from '../../demo/model/prompt-cache.ts';

/** A block of about `tokens` tokens; the envelope of a text block is counted too. */
const block = (name: string, tokens: number, mark?: '5m' | '1h'): Record<string, unknown> => ({
  type: 'text',
  text: name.padEnd(tokens * 4, '.'),
  ...(mark ? { cache_control: { type: 'ephemeral', ...(mark === '1h' ? { ttl: '1h' } : {}) } } : {}),
});
const request = (...content: Record<string, unknown>[]): Record<string, unknown> => ({
  model: 'm',
  messages: [{ role: 'user', content }],
});
const sum = (usage: InputUsage): number =>
  usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens;

describe('PromptCache', () => {
  it('writes up to the last mark and charges the rest as input', () => {
    const body = request(block('a', 2_000, '5m'), block('b', 100));
    const usage = new PromptCache().count(body, 0);
    expect(usage.cache_read_input_tokens).toBe(0);
    expect(usage.cache_creation_input_tokens).toBe(promptTokens(request(block('a', 2_000))));
    expect(sum(usage)).toBe(promptTokens(body));
  });

  it('reads what an earlier request marked and writes only what is new', () => {
    const cache = new PromptCache();
    const first = cache.count(request(block('a', 2_000, '5m')), 0);
    const body = request(block('a', 2_000), block('b', 500, '5m'));
    const second = cache.count(body, 1_000);
    expect(second.cache_read_input_tokens).toBe(first.cache_creation_input_tokens);
    expect(second.input_tokens).toBe(0);
    expect(sum(second)).toBe(promptTokens(body));
  });

  it('caches nothing below 1,024 tokens', () => {
    const usage = new PromptCache().count(request(block('a', 900, '5m')), 0);
    expect(usage.cache_creation_input_tokens).toBe(0);
  });

  it('caches nothing without a mark', () => {
    const cache = new PromptCache();
    cache.count(request(block('a', 2_000)), 0);
    expect(cache.count(request(block('a', 2_000)), 1).cache_read_input_tokens).toBe(0);
  });

  it.each([
    ['5m', 299_999, true],
    ['5m', 300_000, false],
    ['1h', 3_599_999, true],
    ['1h', 3_600_000, false],
  ] as const)('keeps an entry of %s after %d ms: %s', (ttl, afterMs, kept) => {
    const cache = new PromptCache();
    cache.count(request(block('a', 2_000, ttl)), 0);
    const usage = cache.count(request(block('a', 2_000, ttl)), afterMs);
    expect(usage.cache_read_input_tokens > 0).toBe(kept);
  });

  it.each([
    [20, true],
    [21, false],
  ])('looks %d blocks back from a mark: found %s', (distance, found) => {
    const cache = new PromptCache();
    cache.count(request(block('a', 2_000, '5m')), 0);
    const between = Array.from({ length: distance - 1 }, (_, index) => block(`${index}`, 1));
    const usage = cache.count(request(block('a', 2_000), ...between, block('z', 1, '5m')), 1);
    expect(usage.cache_read_input_tokens > 0).toBe(found);
  });

  it('reads nothing once an earlier block differs', () => {
    const cache = new PromptCache();
    cache.count(request(block('a', 2_000, '5m')), 0);
    expect(cache.count(request(block('b', 2_000, '5m')), 1).cache_read_input_tokens).toBe(0);
  });

  it('counts writes of five minutes and of one hour apart', () => {
    const usage = new PromptCache().count(request(block('a', 2_000, '1h'), block('b', 1_500, '5m')), 0);
    expect(usage.cache_creation.ephemeral_1h_input_tokens).toBeGreaterThan(1_999);
    expect(usage.cache_creation.ephemeral_5m_input_tokens).toBeGreaterThan(1_499);
    expect(usage.input_tokens).toBe(0);
  });
});
