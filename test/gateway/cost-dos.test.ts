import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MODEL_LIMITS } from '../../src/gateway/model/model-deps.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { errorOf, question, startModelGateway, type TestGateway } from '../fixtures/model-gateway.ts';
import { openTestStore } from '../fixtures/test-store.ts';

describe('a sandbox that tries to spend without end', () => {
  let store: OpenStore;
  let gateway: TestGateway;
  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterEach(() => gateway.close());
  afterAll(() => store.close());

  const costly = { text: 'x'.repeat(4_000) };
  const billed = async () => {
    const rows = await store.db.selectFrom('ledger_row').select('settled_nano_usd').execute();
    return rows.reduce((sum, row) => sum + (row.settled_nano_usd ?? 0n), 0n);
  };

  it('INC-21: a loop of calls ends at the cap, and not one nano-dollar over it', async () => {
    const budgetNanoUsd = 60_000_000n;
    gateway = await startModelGateway(store, { budgetNanoUsd });
    gateway.upstream.script(costly);
    const statuses: number[] = [];
    for (let call = 0; call < 40; call += 1) {
      const response = await gateway.post(question());
      await response.text();
      statuses.push(response.status);
    }
    await gateway.close();
    expect(statuses).toContain(402);
    expect(statuses.indexOf(402)).toBe(statuses.filter((status) => status === 200).length);
    expect(await billed()).toBeLessThanOrEqual(budgetNanoUsd);
  });

  it('INC-21, counter-test: the same loop passes such a budget where the cap does not bind', async () => {
    const before = await billed();
    gateway = await startModelGateway(store, { budgetNanoUsd: 10_000_000_000n });
    gateway.upstream.script(costly);
    for (let call = 0; call < 40; call += 1) await (await gateway.post(question())).text();
    await gateway.close();
    expect((await billed()) - before).toBeGreaterThan(60_000_000n);
  });

  it('INC-21: calls of one job at once are bounded', async () => {
    gateway = await startModelGateway(store, { limits: { ...MODEL_LIMITS, callsPerJob: 2 } });
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    gateway.upstream.script({ gate: () => gate });
    const held = [gateway.post(question()), gateway.post(question())];
    await expect.poll(() => gateway.upstream.busy().now).toBe(2);
    const third = await gateway.post(question());
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '5']);
    open();
    for (const response of await Promise.all(held)) await response.text();
    expect((await gateway.post(question())).status).toBe(200);
  });

  it('INC-21: a body beyond the bound is refused before it is read whole', async () => {
    gateway = await startModelGateway(store, { limits: { ...MODEL_LIMITS, maxBodyBytes: 1_000 } });
    const response = await gateway.post(question({ system: 'x'.repeat(2_000) }));
    expect(response.status).toBe(403);
    expect(gateway.upstream.received).toHaveLength(0);
  });

  it.each([
    ['a server tool', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    ['a tool search', { tools: [{ type: 'tool_search_tool_regex', name: 't' }] }],
    ['MCP servers', { mcp_servers: [{ type: 'url', url: 'https://mcp.example.com' }] }],
    ['an MCP toolset', { tools: [{ type: 'mcp_toolset', mcp_server_name: 'x' }] }],
    [
      'a URL image',
      { messages: [user({ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } })] },
    ],
    ['a file', { messages: [user({ type: 'document', source: { type: 'file', file_id: 'f' } })] }],
    ['a PDF', { messages: [user({ type: 'document', source: { type: 'base64', data: '' } })] }],
    [
      'a URL inside a tool result',
      {
        messages: [
          user({ type: 'tool_result', content: [{ type: 'image', source: { type: 'url', url: 'x' } }] }),
        ],
      },
    ],
    ['fast speed', { speed: 'fast' }],
    ['a region', { inference_geo: 'us' }],
    ['a container', { container: 'c_1' }],
    ['fallback models', { fallbacks: 'default' }],
    ['a thread', { thread: { type: 'continue', previous_message_id: 'm' } }],
    ['compaction', { context_management: { edits: [{ type: 'compact_20260112' }] } }],
  ])('INC-21: %s is refused, since its bytes do not bound its cost', async (_name, body) => {
    gateway = await startModelGateway(store);
    const response = await gateway.post(question(body));
    expect(response.status).toBe(403);
    expect((await errorOf(response)).message).toContain('cannot be bounded');
    expect(gateway.upstream.received).toHaveLength(0);
  });

  it('INC-21: the million-token beta is refused by its header', async () => {
    gateway = await startModelGateway(store);
    const headers = { 'anthropic-beta': 'context-1m-2025-08-07' };
    expect((await gateway.post(question(), { headers })).status).toBe(403);
  });

  it('passes such a feature where the admin priced it, and bills the bound', async () => {
    gateway = await startModelGateway(store, { pricedFeatures: { 'server-tools': 50_000_000n } });
    gateway.upstream.script({ usage: { server_tool_use: { web_search_requests: 2 } } });
    const before = await billed();
    const response = await gateway.post(
      question({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }),
    );
    expect(response.status).toBe(200);
    await response.text();
    await gateway.close();
    expect((await billed()) - before).toBeGreaterThan(50_000_000n);
  });

  it.each([
    [
      'a key that stands twice',
      '{"model":"claude-haiku-4-5","max_tokens":1,"max_tokens":99999,"messages":[]}',
    ],
    [
      'a key that stands twice deep inside',
      '{"model":"claude-haiku-4-5","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","type":"base64"}}]}]}',
    ],
    ['no max_tokens', '{"model":"claude-haiku-4-5","messages":[]}'],
    ['a fraction of a token', '{"model":"claude-haiku-4-5","max_tokens":1.5,"messages":[]}'],
    ['no JSON', '{"model":'],
    ['an array', '[]'],
  ])('INC-21: a body with %s is refused, never passed to be read differently', async (_name, body) => {
    gateway = await startModelGateway(store);
    expect((await gateway.post(body)).status).toBe(422);
    expect(gateway.upstream.received).toHaveLength(0);
  });
});

function user(block: unknown): unknown {
  return { role: 'user', content: [block] };
}
