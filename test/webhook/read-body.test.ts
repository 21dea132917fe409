/** INC-21: how much of a webhook's body is read before it is refused, over real HTTP, and what a plain middleware does. */
import { createServer, request as httpRequest } from 'node:http';
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_PAYLOAD_BYTES } from '../../src/webhook/receive-webhook.ts';
import { buildIssuePayload } from '../builders/issue-payload.ts';
import { storeKinds } from '../fixtures/test-store.ts';
import { openWebhookDoor, SECRET, sign, type WebhookDoor } from '../fixtures/webhook-door.ts';

describe.each(storeKinds)('a body at the webhook on %s', (kind) => {
  let door: WebhookDoor;
  beforeAll(async () => {
    door = await openWebhookDoor(kind);
  });
  afterAll(() => door.close());

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
        expect((await door.post({ ...twice, origin })).status).toBe(200);
        expect(handled).toBe(times);
      }
    } finally {
      await new Promise((resolve) => plain.close(resolve));
    }
  });

  function rawRequest(headers: Record<string, string>, body: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(`${door.url}/api/github/webhooks`, {
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
