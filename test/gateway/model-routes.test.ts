import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MODEL_LIMITS as LIMITS } from '../../src/gateway/model/model-deps.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import {
  errorOf,
  lastLedgerRow,
  question,
  startModelGateway,
  type TestGateway,
  TOKEN,
  UPSTREAM_KEY,
} from '../fixtures/model-gateway.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('model calls through the gateway on %s', (kind) => {
  let store: OpenStore;
  let gateway: TestGateway;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterEach(() => gateway.close());
  afterAll(() => store.close());

  const lastRow = () => lastLedgerRow(gateway, store);

  it('passes an unstreamed call, meters it exactly and records it', async () => {
    gateway = await startModelGateway(store);
    const response = await gateway.post(question());
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ content: [{ text: 'All done.' }] });
    const sent = gateway.upstream.received[0]?.body ?? '';
    const input = BigInt(Math.ceil(sent.length / 4));
    expect(await lastRow()).toMatchObject({
      state: 'exact',
      status: 200,
      upstream_request_id: 'req_upstream',
      flags: [],
      settled_nano_usd: input * 1_000n + 3n * 5_000n,
    });
  });

  it('passes a stream through byte for byte', async () => {
    gateway = await startModelGateway(store);
    const response = await gateway.post(question({ stream: true }));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toContain('event: message_stop\ndata: {"type":"message_stop"}\n\n');
    expect(await lastRow()).toMatchObject({ state: 'exact' });
  });

  it('sends the bytes that came, query and betas included, with only the key exchanged', async () => {
    gateway = await startModelGateway(store);
    const body =
      '{ "max_tokens": 10,\n "unknown_field": [1, 2.50],  "model":"claude-haiku-4-5","messages":[{"role":"system","content":"x"}]}';
    await gateway.post(body, { path: '/v1/messages?beta=true', headers: { 'anthropic-beta': 'a,b' } });
    const sent = gateway.upstream.received[0];
    expect(sent?.body).toBe(body);
    expect(sent?.path).toBe('/v1/messages?beta=true');
    expect(sent?.headers).toMatchObject({ 'x-api-key': UPSTREAM_KEY, 'anthropic-beta': 'a,b' });
    expect(sent?.headers).not.toHaveProperty('authorization');
  });

  it('clamps max_tokens to what the budget affords and changes no other byte', async () => {
    gateway = await startModelGateway(store, { budgetNanoUsd: 12_000_000n });
    const body = `{"model":"claude-haiku-4-5", "max_tokens": 60000 ,"messages":[{"role":"user","content":"hi"}]}`;
    await gateway.post(body);
    const sent = gateway.upstream.received[0]?.body ?? '';
    const clamped = JSON.parse(sent).max_tokens;
    expect(clamped).toBeGreaterThanOrEqual(1_024);
    expect(clamped).toBeLessThan(2_400);
    expect(sent).toBe(body.replace('60000', String(clamped)));
  });

  it('never clamps under the thinking budget', async () => {
    gateway = await startModelGateway(store, { budgetNanoUsd: 12_000_000n });
    const thinking = { type: 'enabled', budget_tokens: 4_000 };
    const response = await gateway.post(question({ max_tokens: 60_000, thinking }));
    expect(response.status).toBe(402);
    expect(gateway.upstream.received).toHaveLength(0);
  });

  it('answers a spent cap with 402, names the cap, and sends nothing upstream', async () => {
    gateway = await startModelGateway(store, { budgetNanoUsd: 1_000_000n });
    const response = await gateway.post(question());
    expect(response.status).toBe(402);
    expect(response.headers.get('x-should-retry')).toBe('false');
    const error = await errorOf(response);
    expect(error).toMatchObject({ type: 'billing_error' });
    expect(error.message).toMatch(
      /^Budget reached: task [a-z]{6} has spent \$0\.00 of \$0\.00; the next call could cost more than/,
    );
    expect(gateway.upstream.received).toHaveLength(0);
  });

  it('puts a spent cap into the audit once, however often the sandbox asks again', async () => {
    const events: unknown[] = [];
    const audit = async (_taskId: string, event: unknown) => void events.push(event);
    gateway = await startModelGateway(store, { budgetNanoUsd: 1_000_000n, audit });
    for (let call = 0; call < 3; call += 1) expect((await gateway.post(question())).status).toBe(402);
    expect(events).toMatchObject([
      { type: 'gateway.refused', data: { reason: expect.stringMatching(/^cap-spent task:/) } },
    ]);
  });

  it.each([
    ['no token', {}],
    ['an unknown token', { authorization: 'Bearer gbx_other' }],
    ['two tokens that differ', { authorization: `Bearer ${TOKEN}`, 'x-api-key': 'other' }],
  ])('answers %s with a 401 that is not retried', async (_name, headers) => {
    gateway = await startModelGateway(store);
    const response = await gateway.app.request('/v1/messages', { method: 'POST', headers, body: '{}' });
    expect(response.status).toBe(401);
    expect(response.headers.get('x-should-retry')).toBe('false');
  });

  it('takes the token as x-api-key too', async () => {
    gateway = await startModelGateway(store);
    const headers = { 'x-api-key': TOKEN };
    const body = JSON.stringify(question());
    expect((await gateway.app.request('/v1/messages', { method: 'POST', headers, body })).status).toBe(200);
  });

  it('reads the phase in the reservation: a closed one is 401 and reserves nothing', async () => {
    gateway = await startModelGateway(store, { checkPhase: async () => 'closed' });
    const response = await gateway.post(question());
    expect(response.status).toBe(401);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(gateway.upstream.received).toHaveLength(0);
  });

  it('refuses a model without a price, and takes one that is stated to cost 0', async () => {
    gateway = await startModelGateway(store);
    const response = await gateway.post(question({ model: 'local-7b' }));
    expect(response.status).toBe(403);
    expect((await errorOf(response)).message).toContain("Model 'local-7b' has no price");
    await gateway.close();
    const free = {
      input: 0n,
      output: 0n,
      cacheWrite5m: 0n,
      cacheWrite1h: 0n,
      cacheRead: 0n,
      source: 'admin',
      asOf: '',
    };
    gateway = await startModelGateway(store, {
      prices: () => new Map([['local-7b', free]]),
      budgetNanoUsd: 0n,
    });
    expect((await gateway.post(question({ model: 'local-7b' }))).status).toBe(200);
  });

  it('keeps the upstream status, retry-after and envelope, and strips its rate limit headers', async () => {
    gateway = await startModelGateway(store);
    const body = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';
    gateway.upstream.script({ status: 529, body, headers: { 'retry-after': '7' } });
    const response = await gateway.post(question());
    expect([response.status, response.headers.get('retry-after')]).toEqual([529, '7']);
    expect(response.headers.get('anthropic-ratelimit-requests-limit')).toBeNull();
    expect(await response.text()).toBe(body);
    expect(await lastRow()).toMatchObject({
      state: 'exact',
      settled_nano_usd: 0n,
      flags: ['upstream-refused'],
    });
  });

  it('gives the money back when the upstream cannot be reached at all', async () => {
    gateway = await startModelGateway(store);
    await gateway.upstream.close();
    expect((await gateway.post(question())).status).toBe(502);
    expect(await lastRow()).toMatchObject({ state: 'released', settled_nano_usd: 0n });
  });

  it('cuts and settles calls in flight when their job is closed', async () => {
    gateway = await startModelGateway(store);
    const never = new Promise<void>(() => {});
    gateway.upstream.script({ gate: () => never });
    const streamed = await gateway.post(question({ stream: true }));
    const unstreamed = gateway.post(question());
    await expect.poll(() => gateway.upstream.busy().now).toBe(2);
    gateway.closing.abort(new Error('closed'));
    await expect(streamed.text()).rejects.toThrow();
    expect((await unstreamed).status).toBe(401);
    await expect.poll(() => gateway.upstream.cancelled()).toBe(2);
    const open = await store.db
      .selectFrom('ledger_row')
      .select('id')
      .where('state', '=', 'reserved')
      .execute();
    expect(open).toEqual([]);
    expect((await gateway.post(question())).status).toBe(401);
  });

  it('asks for another try where calls were cut since the record was silent', async () => {
    gateway = await startModelGateway(store);
    const never = new Promise<void>(() => {});
    gateway.upstream.script({ gate: () => never });
    const cut = gateway.post(question());
    await expect.poll(() => gateway.upstream.busy().now).toBe(1);
    gateway.closing.abort(new GloveboxError({ code: 'record-silent', message: 'silent', retry: true }));
    const answer = await cut;
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('x-should-retry')]).toEqual([
      503,
      '5',
      null,
    ]);
  });

  it('stops reading upstream for a client that does not read, and cuts it after a while', async () => {
    gateway = await startModelGateway(store, { limits: { ...LIMITS, clientIdleMs: 50 } });
    let sent = 0;
    gateway.upstream.script({
      text: 'x'.repeat(8_000_000),
      gate: async () => {
        sent += 1;
      },
    });
    const response = await gateway.post(question({ stream: true }));
    const reader = response.body?.getReader();
    await reader?.read();
    await expect.poll(() => gateway.upstream.cancelled(), { timeout: 30_000 }).toBe(1);
    await expect(readAll(reader)).rejects.toThrow();
    expect(sent).toBeLessThan(200_000);
    expect(await lastRow()).toMatchObject({ state: 'bounded' });
  });

  it('refuses the next call after an answer named a price that it lacks', async () => {
    gateway = await startModelGateway(store);
    gateway.upstream.script({ usage: { quantum_tokens: 5 } });
    await (await gateway.post(question())).text();
    const next = await gateway.post(question());
    expect(next.status).toBe(402);
    expect((await errorOf(next)).message).toContain('quantum_tokens');
    const row = await lastRow();
    expect(row).toMatchObject({ state: 'bounded', flags: ['unpriced', 'quantum_tokens'] });
    expect(row?.settled_nano_usd).toBe(row?.reserved_nano_usd);
  });

  it('passes count_tokens and the model list without reserving anything', async () => {
    gateway = await startModelGateway(store);
    const counted = await gateway.post(
      { model: 'x', messages: [] },
      { path: '/v1/messages/count_tokens?beta=true' },
    );
    expect(await counted.json()).toEqual({ input_tokens: 12 });
    const headers = { 'x-api-key': TOKEN };
    expect((await gateway.app.request('/v1/models?limit=5', { headers })).status).toBe(200);
    expect(gateway.upstream.received.map((each) => each.path)).toEqual([
      '/v1/messages/count_tokens?beta=true',
      '/v1/models?limit=5',
    ]);
  });
});

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> {
  for (;;) {
    const piece = await reader?.read();
    if (piece === undefined || piece.done) return;
  }
}
