import Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayServer, openGatewayServer } from '../../src/gateway/server.ts';
import { createLog } from '../../src/shared/log.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { startModelGateway, type TestGateway, TOKEN } from '../fixtures/model-gateway.ts';
import { openTestStore } from '../fixtures/test-store.ts';

describe('the real Anthropic client against the gateway', () => {
  let store: OpenStore;
  let gateway: TestGateway;
  let server: GatewayServer;
  let requests = 0;
  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterEach(async () => {
    await server.close(0);
    await gateway.close();
  });
  afterAll(() => store.close());

  async function client(budgetNanoUsd?: bigint, options: { authToken?: string } = {}): Promise<Anthropic> {
    gateway = await startModelGateway(store, budgetNanoUsd === undefined ? {} : { budgetNanoUsd });
    requests = 0;
    const modelRoutes = {
      handle: (...call: Parameters<typeof gateway.app.handle>) => {
        requests += 1;
        gateway.app.handle(...call);
      },
    };
    const log = createLog('silent');
    const none = { fetch: () => new Response(null, { status: 404 }) };
    server = await openGatewayServer(
      { sandboxRoutes: none, modelRoutes, log },
      { tcp: { host: '127.0.0.1', port: 0 } },
    );
    const baseURL = `http://127.0.0.1:${server.port}`;
    return new Anthropic({ baseURL, apiKey: null, authToken: options.authToken ?? TOKEN });
  }

  const call = {
    model: 'claude-haiku-4-5',
    max_tokens: 1_000,
    messages: [{ role: 'user' as const, content: 'hi' }],
  };

  it('gets an unstreamed answer', async () => {
    const message = await (await client()).messages.create(call);
    expect(message.content).toMatchObject([{ type: 'text', text: 'All done.' }]);
  });

  it('gets a streamed answer with its tool calls put together', async () => {
    const anthropic = await client();
    gateway.upstream.script({
      content: [
        { type: 'text', text: 'Let me look.' },
        { type: 'tool_use', id: 'toolu_1', name: 'view', input: { path: 'a.ts', lines: [1, 2] } },
      ],
      stopReason: 'tool_use',
    });
    const message = await anthropic.messages.stream(call).finalMessage();
    expect(message.content).toMatchObject([
      { text: 'Let me look.' },
      { input: { path: 'a.ts', lines: [1, 2] } },
    ]);
    expect(message.stop_reason).toBe('tool_use');
  });

  it('does not retry a spent cap, and reads its sentence', async () => {
    const anthropic = await client(1_000n);
    await expect(anthropic.messages.create(call)).rejects.toMatchObject({
      status: 402,
      message: expect.stringContaining('Budget reached: task'),
    });
    expect(requests).toBe(1);
  });

  it('does not retry a revoked token', async () => {
    const anthropic = await client(undefined, { authToken: 'revoked' });
    await expect(anthropic.messages.create(call)).rejects.toMatchObject({ status: 401 });
    expect(requests).toBe(1);
  });

  it('retries an overloaded upstream by its own rules, each try a row of its own', async () => {
    const anthropic = await client();
    gateway.upstream.script(() =>
      gateway.upstream.received.length < 2 ? { status: 529, headers: { 'retry-after-ms': '1' } } : {},
    );
    await anthropic.messages.create(call);
    expect(requests).toBe(2);
    await gateway.close();
    const rows = await store.db.selectFrom('ledger_row').select(['status']).orderBy('created_at').execute();
    expect(rows.slice(-2).map((row) => row.status)).toEqual([529, 200]);
  });

  it('sees a cut stream as an error, not as an end', async () => {
    const anthropic = await client();
    gateway.upstream.script({ breakAfterEvents: 3 });
    await expect(anthropic.messages.stream(call).finalMessage()).rejects.toThrow();
  });

  it('cancels the upstream when it aborts', async () => {
    const anthropic = await client();
    const never = new Promise<void>(() => {});
    gateway.upstream.script({ gate: () => never });
    const stream = anthropic.messages.stream(call);
    const ended = expect(stream.finalMessage()).rejects.toThrow();
    await expect.poll(() => gateway.upstream.busy().now).toBe(1);
    stream.abort();
    await expect.poll(() => gateway.upstream.cancelled()).toBe(1);
    await ended;
  });

  it('counts tokens and lists models', async () => {
    const anthropic = await client();
    const { model, messages } = call;
    expect(await anthropic.messages.countTokens({ model, messages })).toEqual({ input_tokens: 12 });
    expect((await anthropic.models.list()).data).toEqual([]);
  });
});
