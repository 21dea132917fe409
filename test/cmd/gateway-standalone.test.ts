import { mkdtemp, rm } from 'node:fs/promises';
import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { type Standalone, standaloneGateway } from '../../src/cmd/gateway-standalone.ts';
import type { PricesGiven } from '../../src/cmd/option-values.ts';
import { type FakeAnthropic, startFakeAnthropic } from '../fakes/fake-anthropic.ts';

const KEY = 'sk-ant-the-key-that-stays-here-0123456789';
let upstream: FakeAnthropic;
let gateway: Standalone | null = null;
let printed = '';

beforeEach(async () => {
  upstream = await startFakeAnthropic();
  printed = '';
});
afterEach(async () => {
  await gateway?.close();
  gateway = null;
  await upstream.close();
});

async function start(budgetUsd: number, store?: string, prices?: PricesGiven): Promise<Anthropic> {
  const io = {
    out: (text: string) => {
      printed += text;
    },
    apiKey: KEY,
    logLevel: 'silent',
  };
  gateway = await standaloneGateway({ upstream: upstream.url, budgetUsd, store, prices }, io);
  const { url, token } = z.strictObject({ url: z.url(), token: z.string() }).parse(JSON.parse(printed));
  printed = '';
  return new Anthropic({ baseURL: url, apiKey: token, authToken: null });
}

const call = {
  model: 'claude-haiku-4-5',
  max_tokens: 1_000,
  messages: [{ role: 'user' as const, content: 'hi' }],
};

it('prints one JSON line whose url and token any client can use, and keeps the key', async () => {
  const anthropic = await start(1);
  const message = await anthropic.messages.create(call);
  expect(message.content).toMatchObject([{ text: 'All done.' }]);
  expect(upstream.received[0]?.headers['x-api-key']).toBe(KEY);
  expect(JSON.stringify(message)).not.toContain(KEY);
});

it('ends at its budget', async () => {
  const anthropic = await start(0.000_1);
  await expect(anthropic.messages.create(call)).rejects.toMatchObject({ status: 402 });
});

it('meters a model of its own at the price that was named, and refuses it without one', async () => {
  const local = { ...call, model: 'local-7b' };
  await expect((await start(1)).messages.create(local)).rejects.toThrow(/'local-7b' has no price.*--price/);
  await gateway?.close();
  const price = { input: 1_000n, output: 1_000_000n };
  const dear = await start(1, undefined, { 'local-7b': price });
  await expect(dear.messages.create({ ...local, max_tokens: 100 })).resolves.toMatchObject({
    type: 'message',
  });
  await gateway?.close();
  const free = await start(0.000_1, undefined, { 'local-7b': 0 });
  await expect(free.messages.create(local)).resolves.toMatchObject({ type: 'message' });
});

it('remembers in its folder what was spent before', async () => {
  const folder = await mkdtemp('/tmp/glovebox-standalone-');
  try {
    upstream.script({ text: 'x'.repeat(4_000) });
    const first = await start(0.01, folder);
    await first.messages.create(call);
    await gateway?.close();
    gateway = null;
    const second = await start(0.01, folder);
    await expect(second.messages.create(call)).rejects.toMatchObject({ status: 402 });
  } finally {
    await gateway?.close();
    gateway = null;
    await rm(folder, { recursive: true });
  }
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a budget of %s', async (budgetUsd) => {
  await expect(start(budgetUsd)).rejects.toMatchObject({ code: 'budget-invalid' });
});

it('refuses what an upstream address holds and we would not send, without its password', async () => {
  const io = { out: () => {}, apiKey: null };
  for (const upstream of [
    'https://user:hunter22@example.com/v',
    'https://example.com/v?beta=1',
    'https://example.com/v#top',
  ]) {
    await expect(standaloneGateway({ upstream, budgetUsd: 1 }, io)).rejects.toMatchObject({
      code: 'upstream-invalid',
      message: expect.stringMatching(/^(?!.*hunter22)Invalid upstream 'https:\/\/example\.com\/v': expected/),
    });
  }
});

it('refuses an upstream that is no web address', async () => {
  const io = { out: () => {}, apiKey: null };
  await expect(standaloneGateway({ upstream: 'ftp://x', budgetUsd: 1 }, io)).rejects.toMatchObject({
    code: 'upstream-invalid',
  });
});
