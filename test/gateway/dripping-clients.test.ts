/** Clients that hold a connection open with next to nothing: each is closed, and a plain server would wait for it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { type GatewayListening, type GatewayServer, openGatewayServer } from '../../src/gateway/server.ts';
import { createLog } from '../../src/shared/log.ts';
import { connectTo, readAll } from '../fixtures/raw-connection.ts';

const HEADERS = 'POST /body HTTP/1.1\r\nHost: x\r\nX-Drip: ';
const BODY = 'POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na';
const LIMITS = { headersMs: 50, requestMs: 100, checkEveryMs: 20 };

describe('a client that drips', () => {
  const servers: GatewayServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close(0)));
  });

  async function open(timeouts: GatewayListening['timeouts'] = LIMITS): Promise<string> {
    const sandboxRoutes = new Hono();
    sandboxRoutes.post('/body', async (context) => {
      await context.req.arrayBuffer();
      return context.text('read');
    });
    sandboxRoutes.onError((_, context) => context.body(null, 400));
    const server = await openGatewayServer(
      { sandboxRoutes, modelRoutes: new Hono(), log: createLog('silent') },
      { tcp: { host: '127.0.0.1', port: 0 }, timeouts },
    );
    servers.push(server);
    return `http://127.0.0.1:${server.port}`;
  }

  it('closes a connection that drips its headers, and serves others meanwhile', async () => {
    const url = await open();
    const slow = await connectTo(url);
    slow.write(HEADERS);
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await readAll(slow)).toMatch(/^HTTP\/1.1 408/);
  });

  it('closes a connection that drips its body', async () => {
    const slow = await connectTo(await open());
    slow.write(BODY);
    expect(await readAll(slow)).toMatch(/^HTTP\/1.1 408/);
  });

  it('closes a connection on which nothing happens', async () => {
    const url = await open({ idleMs: 50 });
    expect(await readAll(await connectTo(url))).toBe('');
  });

  it.each([
    ['headers', HEADERS, '\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'],
    ['body', BODY.replace('Host', 'Connection: close\r\nHost'), 'a'.repeat(999)],
  ])(
    'counter-test: a server without these limits still waits for the %s when ours has closed a later one',
    async (_what, begin, rest) => {
      const plain = createServer({ headersTimeout: 0, requestTimeout: 0 }, (request, response) =>
        request.resume().on('end', () => response.end('waited for')),
      );
      await once(plain.listen(0, '127.0.0.1'), 'listening');
      const address = plain.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const first = await connectTo(`http://127.0.0.1:${port}`);
      first.write(begin);
      const later = await connectTo(await open());
      later.write(begin);
      expect(await readAll(later)).toMatch(/^HTTP\/1.1 408/);
      first.write(rest);
      expect(await readAll(first)).toContain('waited for');
      plain.close();
      await once(plain, 'close');
    },
  );
});
