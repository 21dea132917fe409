/** The webhook's door over real HTTP: bounds, signature, a stored row before the answer, and every published payload. */
import { createHmac } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenStore } from '../../src/task/open-database.ts';
import { MAX_PAYLOAD_BYTES, receiveWebhook } from '../../src/webhook/receive-webhook.ts';
import { startWebhookServer, type WebhookServer } from '../../src/webhook/webhook-server.ts';
import { buildIssuePayload } from '../builders/issue-payload.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { webhookExamples } from '../fixtures/webhook-examples.ts';

const SECRET = 'a secret of the tests, long enough';
const log = pino({ level: 'silent' });
const sign = (body: string, secret = SECRET): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

describe.each(storeKinds)('the webhook on %s', (kind) => {
  let store: OpenStore;
  let server: WebhookServer;
  let wakes = 0;
  let ids = 0;

  beforeAll(async () => {
    store = await openTestStore(kind);
    const wake = () => {
      wakes += 1;
    };
    server = await startWebhookServer({
      db: store.db,
      secret: SECRET,
      host: '127.0.0.1',
      port: 0,
      wake,
      log,
    });
  });
  afterAll(async () => {
    await server.close();
    await store.close();
  });

  it('answers for its health, and is not ready once it is told to leave, though it still takes what comes', async () => {
    const leaving = await startWebhookServer({
      db: store.db,
      secret: SECRET,
      host: '127.0.0.1',
      port: 0,
      wake: () => {},
      log,
    });
    const status = async (path: string): Promise<number> => (await fetch(leaving.url + path)).status;
    try {
      expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 200]);
      leaving.leave();
      expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 503]);
      expect((await post({ origin: leaving.url })).status).toBe(202);
    } finally {
      await leaving.close();
    }
  });

  interface Post {
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly method?: string;
    readonly path?: string;
    /** Another server than ours. */
    readonly origin?: string;
  }

  async function post({
    body = JSON.stringify(buildIssuePayload()),
    headers = {},
    method = 'POST',
    path,
    origin = server.url,
  }: Post = {}) {
    ids += 1;
    const response = await fetch(`${origin}${path ?? '/api/github/webhooks'}`, {
      method,
      ...(method === 'POST' ? { body } : {}),
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'issues',
        'x-github-delivery': `${kind}-${ids}`,
        'x-hub-signature-256': sign(body),
        ...headers,
      },
    });
    return {
      status: response.status,
      text: await response.text(),
      id: headers['x-github-delivery'] ?? `${kind}-${ids}`,
    };
  }

  const row = (id: string) =>
    store.db.selectFrom('delivery').selectAll().where('id', '=', id).executeTakeFirst();

  it('stores the delivery before it answers, and wakes the handler', async () => {
    const before = wakes;
    const { status, id } = await post();
    expect(status).toBe(202);
    expect(await row(id)).toMatchObject({
      event: 'issues',
      action: 'labeled',
      installation_id: 11n,
      repository_id: 22n,
      handled_at: null,
      payload: { issue: { number: 42 } },
    });
    expect(wakes).toBe(before + 1);
  });

  it('answers 503 where the row cannot be stored, so that GitHub counts the delivery as failed', async () => {
    const { status, woken } = await receiveAlone(() => Promise.reject(new Error('no store')));
    expect({ status, woken }).toEqual({ status: 503, woken: 0 });
    expect(await receiveAlone(() => Promise.resolve())).toEqual({ status: 202, woken: 1 });
  });

  it.each([
    ['a wrong secret', sign(JSON.stringify(buildIssuePayload()), 'another secret')],
    ['a signature of other bytes', sign('{}')],
  ])('answers 401 for %s and stores nothing', async (_word, signature) => {
    const { status, id } = await post({ headers: { 'x-hub-signature-256': signature } });
    expect(status).toBe(401);
    expect(await row(id)).toBeUndefined();
  });

  it.each([
    ['no signature', { 'x-hub-signature-256': '' }],
    ['an SHA-1 signature', { 'x-hub-signature-256': 'sha1=00' }],
    ['a delivery id that is none', { 'x-github-delivery': "1'; drop table delivery" }],
    ['an event name that is none', { 'x-github-event': '../issues' }],
    ['another content type', { 'content-type': 'application/x-www-form-urlencoded' }],
  ])('answers 400 for %s', async (_word, headers) => {
    expect((await post({ headers })).status).toBe(400);
  });

  it('answers 400 for a signed body that is no JSON object', async () => {
    for (const body of ['null', '[]', '{', '"text"']) expect((await post({ body })).status).toBe(400);
  });

  it('knows its path and method only', async () => {
    expect((await post({ path: '/' })).status).toBe(404);
    expect((await post({ method: 'GET' })).status).toBe(405);
  });

  it('INC-21: refuses a body by its announced length, before it reads or checks a byte', async () => {
    const answered = await rawRequest({ 'content-length': String(MAX_PAYLOAD_BYTES + 1) }, 'x');
    expect(answered).toBe(413);
  });

  it('INC-21: refuses a body without announced length as soon as it is too large', async () => {
    expect(await rawRequest({ 'transfer-encoding': 'chunked' }, 'x'.repeat(MAX_PAYLOAD_BYTES + 1))).toBe(413);
  });

  it('INC-21, counter-test: the plain middleware reads and takes the same body, and the same delivery twice', async () => {
    const webhooks = new Webhooks({ secret: SECRET });
    let handled = 0;
    webhooks.on('issues.labeled', () => {
      handled += 1;
    });
    const body = JSON.stringify({ ...buildIssuePayload(), padding: 'x'.repeat(MAX_PAYLOAD_BYTES) });
    const twice = { body, headers: { 'x-github-delivery': `${kind}-twice` } };
    const plain = createServer(createNodeMiddleware(webhooks, { path: '/api/github/webhooks' }));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const address = plain.address();
    const origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    try {
      for (const times of [1, 2]) {
        expect((await post({ ...twice, origin })).status).toBe(200);
        expect(handled).toBe(times);
      }
    } finally {
      await new Promise((resolve) => plain.close(resolve));
    }
  });

  it('a redelivery wakes a row that nobody handled, and changes nothing about one that was', async () => {
    const { id } = await post();
    await store.db
      .updateTable('delivery')
      .set({ retry_at: new Date(Date.now() + 3_600_000), failures: 3 })
      .where('id', '=', id)
      .execute();
    await post({ headers: { 'x-github-delivery': id } });
    expect((await row(id))?.retry_at.getTime()).toBeLessThan(Date.now() + 60_000);
    const handledAt = new Date('2026-01-05T00:00:00Z');
    const retryAt = new Date('2030-01-05T00:00:00Z');
    await store.db
      .updateTable('delivery')
      .set({ handled_at: handledAt, retry_at: retryAt })
      .where('id', '=', id)
      .execute();
    expect((await post({ headers: { 'x-github-delivery': id } })).status).toBe(202);
    expect(await row(id)).toMatchObject({ handled_at: handledAt, retry_at: retryAt });
  });

  it.each([
    ['NUL', 'a\u0000b', 'a\ufffdb'],
    ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
    ['an escaped backslash before u0000', 'a\\u0000b', 'a\\u0000b'],
    ['an emoji', 'a🎉b', 'a🎉b'],
  ])('keeps a delivery whose text holds %s', async (_word, title, stored) => {
    const { status, id } = await post({ body: JSON.stringify(buildIssuePayload({ title })) });
    expect(status).toBe(202);
    expect(await row(id)).toMatchObject({ payload: { issue: { title: stored } } });
  });

  it(`survives each of the ${webhookExamples.length} payloads that GitHub publishes`, async () => {
    const statuses = new Set<number>();
    for (const { event, payload } of webhookExamples) {
      const { status } = await post({ body: JSON.stringify(payload), headers: { 'x-github-event': event } });
      statuses.add(status);
    }
    expect(webhookExamples.length).toBeGreaterThan(200);
    expect([...statuses]).toEqual([202]);
  });

  function rawRequest(headers: Record<string, string>, body: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(`${server.url}/api/github/webhooks`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'issues',
          'x-github-delivery': 'large',
          'x-hub-signature-256': sign(''),
          ...headers,
        },
      });
      sent.on('response', (response) => {
        response.resume();
        sent.destroy();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', reject);
      sent.write(body);
    });
  }
});

/** The handler on a server of its own, with a store of the test's choice. */
async function receiveAlone(storeDelivery: () => Promise<void>): Promise<{ status: number; woken: number }> {
  let woken = 0;
  const deps = {
    verify: async () => true,
    store: storeDelivery,
    wake: () => {
      woken += 1;
    },
    log,
  };
  const server = createServer((request, response) => void receiveWebhook(deps, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const body = JSON.stringify(buildIssuePayload());
  const response = await fetch(`http://127.0.0.1:${port}/api/github/webhooks`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-github-delivery': 'alone',
      'x-hub-signature-256': sign(body),
    },
  });
  await response.text();
  await new Promise((resolve) => server.close(resolve));
  return { status: response.status, woken };
}
