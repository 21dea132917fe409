/** The control API as its client uses it, over real HTTP, with a lossy way between both. */
import { createServer, request, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ControlClient, controlClient } from '../../../demo/cluster/control-client.ts';
import { buildControl, type ControlServer } from '../../../demo/cluster/control-server.ts';
import { newAppKey } from '../../../test/github-host/seed.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../github-host/webhook-receiver.ts';

const SECRET = 'a-secret-of-this-suite';
const ISSUE = { repository: 'clock', title: 'Reads only the first unit', body: 'See 1h30m.', label: 'agent' };
let control: ControlServer;
let server: Server;
let way: Server;
let client: ControlClient;
let receiver: WebhookReceiver;
/** How many of the next answers are lost on the way, after the request was handled. */
let loseAnswers = 0;
/** How many of the next requests are cut in the middle of their bodies. */
let cutRequests = 0;

beforeEach(async () => {
  control = buildControl({ github: 0, model: 0 });
  server = await listen(createServer(getRequestListener(control.fetch)));
  way = await listen(
    createServer((incoming, outgoing) => {
      const onward = request(
        `${originOf(server)}${incoming.url ?? ''}`,
        { method: incoming.method, headers: incoming.headers },
        (answer) => {
          if (loseAnswers > 0) {
            loseAnswers -= 1;
            answer.resume().on('end', () => outgoing.destroy());
            return;
          }
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      if (cutRequests === 0) return void incoming.pipe(onward);
      cutRequests -= 1;
      incoming.once('data', (chunk: Buffer) => {
        onward.write(chunk.subarray(0, chunk.length / 2), () => onward.destroy());
      });
    }),
  );
  receiver = await startWebhookReceiver();
  client = controlClient(originOf(way));
  loseAnswers = 0;
  cutRequests = 0;
});
afterEach(async () => {
  await control.close();
  for (const each of [way, server]) await new Promise((resolve) => each.close(resolve));
  await receiver.close();
});

function start(): Promise<void> {
  return client.startWorld({
    appPrivateKey: newAppKey(),
    webhook: { url: receiver.url, secret: SECRET },
    repositories: [
      {
        name: 'clock',
        firstIssueNumber: 42,
        files: [{ path: 'README.md', mode: '100644', base64: Buffer.from('# Clock\n').toString('base64') }],
      },
    ],
    scenario: 'fix',
    scripts: { 'Says hello': [{ text: 'Hello.', calls: [] }] },
  });
}

/** A call of the model in a conversation about `said`. */
async function askModel(said: string): Promise<Response> {
  const { urls } = await control.world();
  const messages = [{ role: 'user', content: said }];
  const body = JSON.stringify({ model: 'claude-sonnet-4-6', stream: true, messages });
  return fetch(`${urls.model}/v1/messages`, { method: 'POST', body });
}

describe('the control API of the demo pod', () => {
  it('refuses to act and to read before its world was started', async () => {
    await expect(client.view()).rejects.toMatchObject({ code: 'demo-pod-refused' });
    await expect(client.openIssue(ISSUE)).rejects.toMatchObject({ code: 'demo-pod-refused' });
  });

  it('opens and labels an issue, and the webhooks say so under the name that the cluster knows', async () => {
    await start();
    expect(await client.openIssue(ISSUE)).toBe(42);
    const { deliveries, host } = await client.view();
    expect(host.violations).toEqual([]);
    const world = await control.world();
    await world.host.webhooks.settled();
    expect(receiver.received.map(({ headers }) => headers['x-github-event'])).toEqual(['issues', 'issues']);
    expect(receiver.received[0]?.body).toContain('http://demo.glovebox.svc:8080/');
    expect(deliveries.length).toBeLessThanOrEqual(2);
  });

  it('does once what is asked twice because its answer was lost', async () => {
    await start();
    loseAnswers = 2;
    expect(await client.openIssue(ISSUE)).toBe(42);
    expect(loseAnswers).toBe(0);
    expect(await client.openIssue(ISSUE)).toBe(43);
  });

  it('does what was cut on its way when it comes again', async () => {
    cutRequests = 1;
    await start();
    cutRequests = 1;
    expect(await client.openIssue(ISSUE)).toBe(42);
    expect(cutRequests).toBe(0);
  });

  it('holds the request that was named until it is let go', async () => {
    await start();
    const world = await control.world();
    const held = await client.hold({
      side: 'github',
      method: 'GET',
      path: '^/repos/octo-org/clock$',
      nth: 2,
    });
    const ask = (): Promise<number> =>
      fetch(`${world.urls.github}/repos/octo-org/clock`).then((answer) => answer.status);
    expect(await ask()).toBe(200);
    expect(await held.isReached()).toBe(false);
    const second = ask();
    while (!(await held.isReached())) await new Promise((resolve) => setTimeout(resolve, 10));
    await held.release();
    expect(await second).toBe(200);
  });

  it('holds what says a text, and lets the others pass', async () => {
    await start();
    const held = await client.hold({
      side: 'model',
      method: 'POST',
      path: '^/v1/messages$',
      text: 'the third',
    });
    expect((await askModel('the second')).status).toBe(200);
    expect(await held.isReached()).toBe(false);
    const third = askModel('the third');
    while (!(await held.isReached())) await new Promise((resolve) => setTimeout(resolve, 10));
    await held.release();
    expect((await third).status).toBe(200);
  });

  it('lets a stream hang in the middle, and go on to its end', async () => {
    await start();
    const held = await client.hold({ side: 'model', on: 'stream', method: 'POST', path: '^/v1/messages$' });
    const answer = await askModel('Says hello');
    const [first, rest] = (answer.body ?? new ReadableStream()).tee();
    const { value } = await first.getReader().read();
    expect(await held.isReached()).toBe(true);
    expect(Buffer.from(value ?? []).toString()).not.toContain('message_stop');
    await held.release();
    const text = await new Response(rest).text();
    expect(text).toContain('message_stop');
    expect(text).toContain('Hello.');
  });

  it('answers conversations that were written down for it', async () => {
    await start();
    expect(await (await askModel('Says hello')).text()).toContain('Hello.');
    expect(await (await askModel('Anything')).text()).not.toContain('Hello.');
  });

  it('lets GitHub and the model fail as told', async () => {
    await start();
    const { urls } = await control.world();
    await client.failGithub({ path: '^/repos/octo-org/clock$', status: 502 });
    await client.failModel({ kind: 'status', status: 529 });
    const model = (): Promise<number> =>
      fetch(`${urls.model}/v1/messages`, {
        method: 'POST',
        body: JSON.stringify({ model: 'claude-sonnet-4-6', messages: [{ role: 'user', content: 'Hello' }] }),
      }).then((answer) => answer.status);
    const github = (): Promise<number> =>
      fetch(`${urls.github}/repos/octo-org/clock`).then((answer) => answer.status);
    expect([await github(), await github(), await model(), await model()]).toEqual([502, 200, 529, 200]);
    expect(await client.modelRequests()).toHaveLength(2);
    expect((await client.view()).billed).toHaveLength(1);
  });
});

async function listen(given: Server): Promise<Server> {
  await new Promise<void>((resolve) => given.listen(0, '127.0.0.1', resolve));
  return given;
}

function originOf(given: Server): string {
  const address = given.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}
