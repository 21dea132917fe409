/** The gateway's own key and other credentials: not in what is sent, stored, logged or said of a failure. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { anthropicUpstream } from '../../../src/gateway/model/anthropic-upstream.ts';
import { exactScrub } from '../../../src/gateway/model/scrub-strings.ts';
import { unpackChunk } from '../../../src/gateway/transcript/chunk.ts';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { startFakeAnthropic } from '../../fakes/fake-anthropic.ts';
import { question, startModelGateway, type TestGateway, UPSTREAM_KEY } from '../../fixtures/model-gateway.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';

const GITHUB_TOKEN = `ghp_${'a1B2'.repeat(9)}`;
/** A key of a shape that no pattern knows, as a model server of one's own may have; new for each test. */
const ownKey = (): string => `of-our-own-server-${randomBytes(12).toString('hex')}`;

describe.each(storeKinds)('credentials in model calls on %s', (kind) => {
  let store: OpenStore;
  let gateway: TestGateway;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterEach(() => gateway.close());
  afterAll(() => store.close());

  const leak = (secrets: readonly string[]): string => {
    const messages = [{ role: 'user', content: `use ${secrets.join(' and ')}` }];
    return JSON.stringify(question({ messages })).replace('ghp_', 'g\\u0068p_');
  };
  /** All that the store keeps of conversations, unpacked. */
  async function stored(): Promise<string> {
    await gateway.close();
    const chunks = await store.db.selectFrom('transcript_chunk').selectAll().execute();
    return chunks.map(unpackChunk).join('\n');
  }

  it('hides a refusal of its own key, and never repeats the key', async () => {
    gateway = await startModelGateway(store);
    gateway.upstream.script({ status: 401, body: `{"error":"bad key ${UPSTREAM_KEY}"}` });
    const hidden = await gateway.post(question());
    expect(hidden.status).toBe(502);
    gateway.upstream.script({ status: 400, body: `{"error":"echo ${UPSTREAM_KEY}"}` });
    const echoed = await gateway.post(question());
    expect(echoed.status).toBe(400);
    const texts = [await hidden.text(), await echoed.text(), ...gateway.logged];
    expect(texts.join('\n')).not.toContain(UPSTREAM_KEY);
  });

  it('counter-test: an upstream whose words pass as they came gives its key away', async () => {
    const echoing = await startFakeAnthropic();
    echoing.script({ status: 400, body: `{"error":"echo ${UPSTREAM_KEY}"}` });
    const client = anthropicUpstream({ baseUrl: echoing.url, apiKey: UPSTREAM_KEY });
    gateway = await startModelGateway(store, { upstream: { ...client, redact: (text) => text } });
    expect(await (await gateway.post(question())).text()).toContain(UPSTREAM_KEY);
    client.close();
    await echoing.close();
  });

  it('removes credentials from what is sent and stored, wherever they stand, and always in the same way', async () => {
    const secrets = [GITHUB_TOKEN, UPSTREAM_KEY, ownKey()];
    gateway = await startModelGateway(store, { scrub: exactScrub(secrets.slice(1)) });
    await gateway.post(leak(secrets));
    await gateway.post(leak(secrets));
    const [first = '', second] = gateway.upstream.received.map((each) => each.body);
    expect(first).toContain('(removed: GitHub token)');
    expect(second).toBe(first);
    const kept = await stored();
    expect(kept).toContain('(removed: GitHub token)');
    for (const secret of secrets) expect(`${first}${kept}`).not.toContain(secret);
  });

  it('counter-test: a gateway that is not told its key sends and stores it', async () => {
    const key = ownKey();
    gateway = await startModelGateway(store, { scrub: (text) => text });
    await gateway.post(leak([key]));
    expect(gateway.upstream.received[0]?.body).toContain(key);
    expect(await stored()).toContain(key);
  });

  it('counter-test: past the gateway the same request carries all of them', async () => {
    const secrets = [UPSTREAM_KEY, ownKey(), GITHUB_TOKEN];
    gateway = await startModelGateway(store);
    await fetch(`${gateway.upstream.url}/v1/messages`, { method: 'POST', body: leak(secrets) });
    const sent = JSON.stringify(JSON.parse(gateway.upstream.received[0]?.body ?? ''));
    for (const secret of secrets) expect(sent).toContain(secret);
  });
});
