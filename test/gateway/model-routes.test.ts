import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OpenStore } from '../../src/task/open-database.ts';
import { question, startModelGateway, type TestGateway, UPSTREAM_KEY } from '../fixtures/model-gateway.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('model calls through the gateway on %s', (kind) => {
  let store: OpenStore;
  let gateway: TestGateway;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterEach(() => gateway.close());
  afterAll(() => store.close());

  const rows = () => store.db.selectFrom('ledger_row').selectAll().orderBy('created_at').execute();

  it('passes an unstreamed call, meters it exactly and records it', async () => {
    gateway = await startModelGateway(store);
    const response = await gateway.post(question());
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ content: [{ text: 'All done.' }] });
    await gateway.close();
    const row = (await rows()).at(-1);
    expect(row).toMatchObject({
      state: 'exact',
      status: 200,
      upstream_request_id: 'req_upstream',
      flags: [],
    });
    const sent = gateway.upstream.received[0]?.body ?? '';
    const input = BigInt(Math.ceil(sent.length / 4));
    expect(row?.settled_nano_usd).toBe(input * 1_000n + 3n * 5_000n);
  });

  it('passes a stream through byte for byte', async () => {
    gateway = await startModelGateway(store);
    const response = await gateway.post(question({ stream: true }));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const text = await response.text();
    expect(text).toContain('event: message_stop\ndata: {"type":"message_stop"}\n\n');
    await gateway.close();
    expect((await rows()).at(-1)).toMatchObject({ state: 'exact' });
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
});
