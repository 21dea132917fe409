import { describe, expect, it } from 'vitest';
import { MODEL_CATALOGUE, priceOf, SHIPPED_PRICES } from '../../src/config/model-catalogue.ts';
import { priceTokens } from '../../src/ledger/price.ts';
import { scopeEndsAt, scopesOf } from '../../src/ledger/scopes-of.ts';
import { settlementOf } from '../../src/ledger/settlement.ts';
import { readUsage } from '../../src/ledger/usage.ts';

const PRICES = new Map(Object.entries(SHIPPED_PRICES));
const SONNET = priceOf(PRICES, 'claude-sonnet-4-6');
const CONTEXT = { hourCache: false, priced: [] };

describe('shipped prices', () => {
  it.each([
    ['claude-opus-4-8', 5_000n, 25_000n],
    ['claude-opus-4-5-20251101', 5_000n, 25_000n],
    ['claude-opus-4-1-20250805', 15_000n, 75_000n],
    ['claude-opus-4-20250514', 15_000n, 75_000n],
    ['claude-sonnet-4-5@20250929', 3_000n, 15_000n],
    ['claude-haiku-4-5', 1_000n, 5_000n],
  ])('%s costs %s and %s nano-dollars a token', (id, input, output) => {
    const price = priceOf(PRICES, id);
    expect(price).toMatchObject({
      input,
      output,
      cacheWrite5m: (input * 5n) / 4n,
      cacheWrite1h: input * 2n,
      cacheRead: input / 10n,
    });
  });

  it.each(['claude-opus-5', 'claude-opus-4-8-fast', 'claude-haiku-4-5-2025', 'gpt-x', ''])(
    'has no price for %j',
    (id) => {
      expect(() => priceOf(PRICES, id)).toThrow(expect.objectContaining({ code: 'price-unknown' }));
    },
  );

  it('names source and date for each', () => {
    for (const { price } of Object.values(MODEL_CATALOGUE))
      expect([price.source, price.asOf]).toEqual([
        expect.stringMatching(/^https:/),
        expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      ]);
  });
});

describe("a call's price", () => {
  it("is exact to the nano-dollar, as on the check run's example", () => {
    const tokens = { input: 2_100, cacheWrite5m: 26_400, cacheWrite1h: 0, cacheRead: 212_000, output: 9_400 };
    const priced = priceTokens(tokens, SONNET);
    expect(priced.totalNanoUsd).toBe(309_900_000n);
    expect(priced.withoutCacheNanoUsd).toBe(862_500_000n);
  });
});

describe('usage', () => {
  it.each([
    [
      'the usual fields',
      {
        input_tokens: 3,
        output_tokens: 2,
        service_tier: 'standard',
        speed: 'standard',
        inference_geo: 'global',
        server_tool_use: { web_search_requests: 0 },
      },
      {},
    ],
    ['cache writes without a breakdown', { cache_creation_input_tokens: 7 }, { cacheWrite5m: 7 }],
    [
      'cache writes with one',
      {
        cache_creation_input_tokens: 7,
        cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
      },
      { cacheWrite5m: 3, cacheWrite1h: 4 },
    ],
    [
      'a breakdown that names more than the sum',
      { cache_creation_input_tokens: 1, cache_creation: { ephemeral_1h_input_tokens: 4 } },
      { cacheWrite1h: 4 },
    ],
    [
      'iterations inside the sums',
      {
        input_tokens: 10,
        iterations: [
          { type: 'message', input_tokens: 4 },
          { type: 'message', input_tokens: 6 },
        ],
      },
      { input: 10 },
    ],
    [
      'message iterations that add up to more than the sums',
      {
        input_tokens: 6,
        iterations: [
          { type: 'message', input_tokens: 4 },
          { type: 'message', input_tokens: 6 },
        ],
      },
      { input: 10 },
    ],
    [
      'a compaction beside the sums',
      {
        input_tokens: 6,
        output_tokens: 1,
        iterations: [{ type: 'compaction', input_tokens: 4, output_tokens: 9 }],
      },
      { input: 10, output: 10 },
    ],
  ])('reads %s', (_name, usage, lines) => {
    const read = readUsage(usage, CONTEXT);
    expect(read.unpriced).toEqual([]);
    expect(read.lines).toMatchObject(lines);
  });

  it('counts writes without a breakdown as one-hour ones where the request may have asked for them', () => {
    const { lines } = readUsage({ cache_creation_input_tokens: 7 }, { hourCache: true, priced: [] });
    expect(lines).toMatchObject({ cacheWrite5m: 0, cacheWrite1h: 7 });
  });

  it.each([
    ['an unknown key', { input_tokens: 1, quantum_tokens: 2 }, 'quantum_tokens'],
    ['an unknown key with an object', { input_tokens: 1, extra: { a: { b: 1 } } }, 'extra'],
    ['a batch', { service_tier: 'batch' }, 'service_tier:batch'],
    ['fast speed', { speed: 'fast' }, 'speed:fast'],
    ['a region', { inference_geo: 'us' }, 'inference_geo:us'],
    ['a server tool', { server_tool_use: { web_search_requests: 1 } }, 'server_tool_use'],
    [
      "another model's iteration",
      { iterations: [{ type: 'advisor_message', input_tokens: 5 }] },
      'iterations:advisor_message',
    ],
  ])('flags %s', (_name, usage, flag) => {
    expect(readUsage(usage, CONTEXT).unpriced).toEqual([flag]);
  });

  it.each([{ input_tokens: -1 }, { output_tokens: 1.5 }, { input_tokens: '7' }, 'none'])(
    'cannot be counted from %j',
    (usage) => {
      expect(() => readUsage(usage, CONTEXT)).toThrow(expect.objectContaining({ code: 'usage-invalid' }));
    },
  );
});

describe('settling', () => {
  const held = { price: SONNET, reservedNanoUsd: 100_000_000n, maxTokens: 2_000, featureNanoUsd: 0n };
  const usage = (changes: Record<string, unknown>) =>
    readUsage({ input_tokens: 100, output_tokens: 10, ...changes }, CONTEXT);

  it('is exact from final usage', () => {
    expect(settlementOf(held, { kind: 'metered', usage: usage({}) })).toMatchObject({
      state: 'exact',
      nanoUsd: 450_000n,
      flags: [],
    });
  });
  it('is bounded by metered input and allowed output when the answer was cut', () => {
    expect(settlementOf(held, { kind: 'cut', usage: usage({}) })).toMatchObject({
      state: 'bounded',
      nanoUsd: 300_000n + 2_000n * 15_000n,
    });
  });
  it('takes the whole reservation when nothing is known, or something has no price', () => {
    expect(settlementOf(held, { kind: 'cut', usage: null })).toMatchObject({
      state: 'bounded',
      nanoUsd: 100_000_000n,
    });
    expect(settlementOf(held, { kind: 'metered', usage: usage({ magic: 1 }) })).toMatchObject({
      state: 'bounded',
      nanoUsd: 100_000_000n,
      flags: ['unpriced', 'magic'],
    });
  });
  it('never says less than the meter, even where the meter passes the reservation', () => {
    const end = settlementOf(held, { kind: 'metered', usage: usage({ output_tokens: 1_000_000 }) });
    expect(end).toMatchObject({ nanoUsd: 15_000_300_000n, flags: ['over-reserved'] });
  });
  it('costs nothing when the upstream refused', () => {
    expect(settlementOf(held, { kind: 'refused' })).toMatchObject({ state: 'exact', nanoUsd: 0n });
  });
});

describe('scopes', () => {
  const payer = { taskId: 'aaaaaa', repositoryId: 7, installationId: 9, team: 'web', taskBudgetNanoUsd: 5n };
  const caps = {
    repository: { day: 1n, month: 2n },
    organisation: { day: 3n, month: null },
    teams: { web: { day: 4n, month: null } },
  };
  const ids = (at: string) => scopesOf(payer, caps, Date.parse(at)).map((scope) => scope.id);

  it('roll over with the UTC day and month, sorted for locking', () => {
    const before = ids('2026-12-31T23:59:59.999Z');
    expect(before).toEqual([
      'organisation:9:day:2026-12-31',
      'organisation:9:month:2026-12',
      'repository:7:day:2026-12-31',
      'repository:7:month:2026-12',
      'task:aaaaaa',
      'team:web:day:2026-12-31',
      'team:web:month:2026-12',
    ]);
    expect(ids('2027-01-01T00:00:00Z')).toContain('team:web:month:2027-01');
    expect(before).toEqual([...before].sort());
  });

  it.each([
    ['repository:7:day:2028-02-28', '2028-02-29T00:00:00.000Z'],
    ['team:a:b:month:2026-12', '2027-01-01T00:00:00.000Z'],
    ['task:aaaaaa', null],
  ])('of %s end at %s', (id, end) => {
    const at = scopeEndsAt(id);
    expect(at === null ? null : new Date(at).toISOString()).toBe(end);
  });
});
