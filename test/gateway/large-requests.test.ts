/** Requests whose text takes long to look through: others are served meanwhile, and a job may send only so much of it. */
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Identified } from '../../src/gateway/identity.ts';
import type { ModelDeps } from '../../src/gateway/model/model-deps.ts';
import { MODEL_LIMITS } from '../../src/gateway/model/model-deps.ts';
import { redact } from '../../src/result/scan-text.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import {
  CALLER,
  errorOf,
  question,
  startModelGateway,
  type TestGateway,
  TOKEN,
} from '../fixtures/model-gateway.ts';
import { openTestStore } from '../fixtures/test-store.ts';

const NEIGHBOUR = 'token-of-another-job';
const CALLERS = new Map([
  [TOKEN, CALLER],
  [NEIGHBOUR, { ...CALLER, taskId: 'bbbbbb', jobName: 'gb-bbbbbb-work-1' }],
]);
const COUNT = '/v1/messages/count_tokens';

/** Base64 of base64 of base64: the dearest text to look through. */
function nested(words: string, times: number): string {
  let text = words.repeat(times);
  for (let depth = 0; depth < 3; depth += 1) text = Buffer.from(text).toString('base64');
  return text;
}

const says = (content: string) => question({ messages: [{ role: 'user', content }] });

describe('a large request', () => {
  let store: OpenStore;
  let gateway: TestGateway;
  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterEach(() => gateway.close());
  afterAll(() => store.close());

  const start = async (changes: Partial<ModelDeps> = {}): Promise<void> => {
    const identify = async (token: string): Promise<Identified> => {
      const caller = CALLERS.get(token);
      return caller ? { ok: true, caller } : { ok: false, reason: 'unknown token' };
    };
    gateway = await startModelGateway(store, { identity: { identify }, ...changes });
  };

  const ask = async (token: string, content: string, path = COUNT): Promise<number> => {
    const response = await gateway.post(says(content), {
      path,
      headers: { authorization: `Bearer ${token}` },
    });
    await response.text();
    return response.status;
  };

  const hostile = nested('a quick brown fox ', 60_000);

  it.each([
    ['in one text', [hostile]],
    ['in many messages', Array.from({ length: 60 }, (_, index) => nested(`fox ${index} runs `, 1_500))],
  ])('of dear text %s lets health checks and its neighbour be answered meanwhile', async (_name, texts) => {
    await start();
    const messages = texts.map((content) => ({ role: 'user', content }));
    let isOver = false;
    const large = gateway.post(question({ messages }), { path: COUNT }).then((response) => {
      isOver = true;
      return response.status;
    });
    let healthy = 0;
    let served = 0;
    while (!isOver) {
      if ((await gateway.app.request('/healthz', {})).status === 200) healthy += 1;
      if ((await ask(NEIGHBOUR, 'hello', '/v1/messages')) === 200) served += 1;
    }
    expect(await large).toBe(200);
    expect(healthy).toBeGreaterThan(10);
    expect(served).toBeGreaterThan(10);
  });

  it('counter-test: the same text, looked through without a pause, lets nobody in', async () => {
    await start();
    let turns = 0;
    const count = setImmediate().then(() => {
      turns += 1;
    });
    redact(hostile);
    expect(turns).toBe(0);
    await count;
  });

  it('of one long run of letters is read', async () => {
    await start();
    expect(await ask(TOKEN, 'x'.repeat(12_000_000))).toBe(200);
  });

  it('is sent without the secrets in it', async () => {
    await start();
    const secret = ['ghp', 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5'].join('_');
    const long = 'these are words '.repeat(40_000);
    expect(await ask(TOKEN, `${long}${secret} ${long}`)).toBe(200);
    const sent = JSON.stringify(gateway.upstream.received.at(-1));
    expect(sent).toContain('(removed: GitHub token)');
    expect(sent).not.toContain(secret);
  });

  it('after a job has sent too much new text is refused until some came back; its neighbour is served', async () => {
    const clock = new FakeClock();
    const newBytes = { burstBytes: 100_000, bytesPerSecond: 1_000 };
    await start({ clock, limits: { ...MODEL_LIMITS, newBytes } });
    const statuses = [];
    for (const word of ['a ', 'b ', 'c ']) statuses.push(await ask(TOKEN, word.repeat(30_000)));
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await gateway.post(question(), { path: COUNT });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
    expect((await errorOf(refused)).message).toContain('more new text');
    expect(await ask(NEIGHBOUR, 'd '.repeat(30_000))).toBe(200);
    clock.advance(30_000);
    expect(await ask(TOKEN, 'c '.repeat(30_000))).toBe(200);
  });

  it('that was read before costs its job nothing', async () => {
    const newBytes = { burstBytes: 100_000, bytesPerSecond: 0 };
    await start({ limits: { ...MODEL_LIMITS, newBytes } });
    for (let turn = 0; turn < 5; turn += 1) expect(await ask(TOKEN, 'a '.repeat(30_000))).toBe(200);
  });

  it.each([
    ['messages', { messages: Array.from({ length: 10_001 }, () => ({})) }, 'more than 10000 messages'],
    ['values', { system: Array.from({ length: 200_001 }, () => 1) }, 'more than 200000 values'],
  ])('of too many %s is refused', async (_name, body, words) => {
    await start();
    const response = await gateway.post(question(body));
    expect(response.status).toBe(422);
    expect((await errorOf(response)).message).toContain(words);
  });
});
