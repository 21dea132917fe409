/**
 * A network that drops a first packet, as a policy does that has not learned of a new pod: Linux drops it too where a
 * listener's queue is full, which a server that is stopped (SIGSTOP) has soon.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectSoon } from '../../../src/runner/gateway/connect-soon.ts';
import { eventually } from '../../fixtures/process-sandbox.ts';

const DEAF = `
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    console.log(server.address().port);
  });
`;

describe('a network that drops the first packets', () => {
  let server: ChildProcess;
  let port: number;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = spawn(process.execPath, ['-e', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(server.stdout ?? expect.fail(), 'data')) as [Buffer];
    port = Number(line.toString());
    server.kill('SIGSTOP');
    await fillQueue();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.kill('SIGKILL');
    await once(server, 'exit');
  });

  function dial(): Socket {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    return socket;
  }

  /** Until one is not taken. */
  async function fillQueue(): Promise<void> {
    for (;;) {
      const socket = dial();
      const taken = await Promise.race([once(socket, 'connect').then(() => true), sleep(100, false)]);
      if (!taken) return;
    }
  }

  it('takes a connection before one whose first packet was dropped beside it (counter-test)', async () => {
    const plain = dial();
    const soon = connectSoon({ host: '127.0.0.1', port });
    await sleep(50);
    server.kill('SIGCONT');
    sockets.push(await soon);
    expect(plain.connecting).toBe(true);
    await once(plain, 'connect');
  });

  it('gives up in time, and says where nobody was', async () => {
    await expect(connectSoon({ host: '127.0.0.1', port })).rejects.toThrow(
      `gateway-away: 127.0.0.1:${port} took no connection in 3000 ms`,
    );
  });

  it('is stopped at once', async () => {
    const stop = new AbortController();
    const asked = connectSoon({ host: '127.0.0.1', port }, stop.signal);
    stop.abort(new Error('told to end'));
    await expect(asked).rejects.toThrow('told to end');
    await expect(connectSoon({ host: '127.0.0.1', port }, stop.signal)).rejects.toThrow('told to end');
  });
});

describe('a network that drops nothing', () => {
  let server: Server;
  let open = 0;

  beforeEach(async () => {
    open = 0;
    server = createServer((socket) => {
      open += 1;
      socket.on('error', () => {}).on('close', () => (open -= 1));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const address = () => ({ host: '127.0.0.1', port: (server.address() as { port: number }).port });

  it('keeps the one connection that was taken', async () => {
    const socket = await connectSoon(address());
    await sleep(250);
    expect(open).toBe(1);
    socket.destroy();
    await eventually(() => open === 0, 5_000);
  });

  it('passes a refusal on at once', async () => {
    const taken = address();
    await new Promise((resolve) => server.close(resolve));
    await expect(connectSoon(taken)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    server.listen(0, '127.0.0.1');
  });
});
