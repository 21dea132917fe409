/** The webhook's door over real HTTP: signature, a stored row before the answer, and every published payload. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/shared/log.ts';
import { receiveWebhook } from '../../src/webhook/receive-webhook.ts';
import { startWebhookServer } from '../../src/webhook/webhook-server.ts';
import { buildIssuePayload } from '../builders/issue-payload.ts';
import { storeKinds } from '../fixtures/test-store.ts';
import { openWebhookDoor, SECRET, sign, type WebhookDoor } from '../fixtures/webhook-door.ts';
import { webhookExamples } from '../fixtures/webhook-examples.ts';

const log = createLog('silent');

describe.each(storeKinds)('the webhook on %s', (kind) => {
  let door: WebhookDoor;
  beforeAll(async () => {
    door = await openWebhookDoor(kind);
  });
  afterAll(() => door.close());
  const post = (...args: Parameters<WebhookDoor['post']>) => door.post(...args);
  const row = (id: string) =>
    door.store.db.selectFrom('delivery').selectAll().where('id', '=', id).executeTakeFirst();

  it('answers for its health, and is not ready once it is told to leave, though it still takes what comes', async () => {
    const leaving = await startWebhookServer({
      db: door.store.db,
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

  it('stores the delivery before it answers, and wakes the handler', async () => {
    const before = door.wakes();
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
    expect(door.wakes()).toBe(before + 1);
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

  it('a redelivery wakes a row that nobody handled, and changes nothing about one that was', async () => {
    const { id } = await post();
    await door.store.db
      .updateTable('delivery')
      .set({ retry_at: new Date(Date.now() + 3_600_000), failures: 3 })
      .where('id', '=', id)
      .execute();
    await post({ headers: { 'x-github-delivery': id } });
    expect((await row(id))?.retry_at.getTime()).toBeLessThan(Date.now() + 60_000);
    const handledAt = new Date('2026-01-05T00:00:00Z');
    const retryAt = new Date('2030-01-05T00:00:00Z');
    await door.store.db
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
