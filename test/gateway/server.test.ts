/** The gateway's server over real connections: which app answers, what broken clients and sources get, and how it ends. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ConnectionFacts,
  type GatewayListening,
  type GatewayServer,
  openGatewayServer,
} from '../../src/gateway/server.ts';
import { createLog } from '../../src/shared/log.ts';
import { connectTo, readAll } from '../fixtures/raw-connection.ts';

const log = createLog('silent');

/** Answers when told to, so that a test decides what is in flight. */
class Held {
  #answer: (text: string) => void = () => {};
  #arrive: () => void = () => {};
  readonly answered = new Promise<string>((resolve) => {
    this.#answer = resolve;
  });
  readonly arrived = new Promise<void>((resolve) => {
    this.#arrive = resolve;
  });

  async wait(): Promise<string> {
    this.#arrive();
    return this.answered;
  }

  answer(text: string): void {
    this.#answer(text);
  }
}

describe('the gateway server', () => {
  let held: Held;
  const servers: GatewayServer[] = [];
  beforeEach(() => {
    held = new Held();
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close(0)));
  });

  async function open(where: GatewayListening): Promise<GatewayServer> {
    const sandboxRoutes = new Hono<{ Bindings: ConnectionFacts }>();
    sandboxRoutes.get('/whence', (context) => context.text(context.env.remoteAddress ?? 'nowhere'));
    sandboxRoutes.get('/held', async (context) => context.text(await held.wait()));
    sandboxRoutes.post('/body', async (context) =>
      context.text(`${(await context.req.arrayBuffer()).byteLength}`),
    );
    sandboxRoutes.get('/broken', () => new Response(breakingStream(held)));
    sandboxRoutes.onError((_, context) => context.body(null, 400));
    sandboxRoutes.get('*', (context) => context.text(`sandbox ${context.req.path}`));
    const modelRoutes = {
      fetch: async (request: Request): Promise<Response> => {
        const { pathname } = new URL(request.url);
        if (pathname === '/v1/throws') throw new Error('secret of ours');
        return new Response(`model ${pathname}`);
      },
    };
    const server = await openGatewayServer({ sandboxRoutes, modelRoutes, log }, where);
    servers.push(server);
    return server;
  }
  const openTcp = async (timeouts: GatewayListening['timeouts'] = {}): Promise<string> =>
    `http://127.0.0.1:${(await open({ tcp: { host: '127.0.0.1', port: 0 }, timeouts })).port}`;

  it('sends model calls to one app, sandbox calls to the other, and answers for its own health', async () => {
    const url = await openTcp();
    const text = async (path: string): Promise<string> => (await fetch(url + path)).text();
    expect(await text('/v1/messages')).toBe('model /v1/messages');
    expect(await text('/sandbox/spec')).toBe('sandbox /sandbox/spec');
    expect(await text('/healthz')).toBe('{"status":"ok"}');
  });

  it('tells the apps the address that a call came from', async () => {
    expect(await (await fetch(`${await openTcp()}/whence`)).text()).toBe('127.0.0.1');
  });

  it('is alive and not ready where something that it needs does not answer', async () => {
    const server = await openGatewayServer(
      { sandboxRoutes: new Hono(), modelRoutes: new Hono(), readiness: async () => 'store', log },
      { tcp: { host: '127.0.0.1', port: 0 } },
    );
    servers.push(server);
    const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
    expect((await get('/healthz')).status).toBe(200);
    const answer = await get('/readyz');
    expect([answer.status, await answer.json()]).toEqual([503, { status: 'not ready: store' }]);
  });

  it('tells a client nothing of an error of ours', async () => {
    const answer = await fetch(`${await openTcp()}/v1/throws`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('secret of ours');
  });

  it('cuts an answer whose source breaks, so that it cannot be taken for a whole one', async () => {
    const answer = await fetch(`${await openTcp()}/broken`);
    const reader = answer.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('part of it');
    held.answer('');
    await expect(reader?.read()).rejects.toThrow();
  });

  it('counter-test: a source that ends gives a whole answer', async () => {
    const answer = fetch(`${await openTcp()}/held`);
    held.answer('all of it');
    expect(await (await answer).text()).toBe('all of it');
  });

  it('answers broken HTTP with 400 and goes on', async () => {
    const url = await openTcp();
    const broken = await connectTo(url);
    broken.write('\x16\x03\x01 not http\r\n\r\n');
    expect(await readAll(broken)).toMatch(/^HTTP\/1.1 400/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('refuses two lengths of one body, the door of request smuggling', async () => {
    const smuggler = await connectTo(await openTcp());
    smuggler.write(
      'POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n',
    );
    expect(await readAll(smuggler)).toMatch(/^HTTP\/1.1 400/);
  });

  it('counter-test: a lenient parser reads a second request out of such a body', async () => {
    const paths: (string | undefined)[] = [];
    const lenient = createServer({ insecureHTTPParser: true }, (request, response) => {
      paths.push(request.url);
      response.setHeader('connection', paths.length > 1 ? 'close' : 'keep-alive');
      request.resume().on('end', () => response.end());
    });
    lenient.listen(0, '127.0.0.1');
    await once(lenient, 'listening');
    const address = lenient.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    try {
      const smuggler = await connectTo(`http://127.0.0.1:${port}`);
      smuggler.write(
        'POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n',
      );
      await readAll(smuggler);
      expect(paths).toEqual(['/body', '/smuggled']);
    } finally {
      await new Promise((resolve) => lenient.close(resolve));
    }
  });

  it('ends gracefully: calls in flight are answered, new ones are not taken', async () => {
    const url = await openTcp();
    const inFlight = fetch(`${url}/held`);
    await held.arrived;
    const closing = servers.splice(0).map((server) => server.close(60_000));
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    held.answer('whole');
    expect(await (await inFlight).text()).toBe('whole');
    await Promise.all(closing);
  });

  it('cuts what is still in flight when the grace is over', async () => {
    const url = await openTcp();
    const inFlight = fetch(`${url}/held`);
    await held.arrived;
    await Promise.all(servers.splice(0).map((server) => server.close(1)));
    await expect(inFlight).rejects.toThrow();
  });

  it('says that a port is busy', async () => {
    const first = await open({ tcp: { host: '127.0.0.1', port: 0 } });
    const port = first.port ?? 0;
    await expect(open({ tcp: { host: '127.0.0.1', port } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

function breakingStream(held: Held): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from('part of it')),
    pull: async (controller) => {
      await held.wait();
      controller.error(new Error('secret of ours'));
    },
  });
}
