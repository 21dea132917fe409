/** The fence as fetch looks at it from the inside: it is proven where nothing answers, and by nothing less. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { proveFence } from '../../../src/runner/preflight/prove-fence.ts';
import { systemClock } from '../../../src/shared/clock.ts';

/** Time in which the process gets no CPU: its timers are due when it goes on, before it looks at any socket. */
const stalling = {
  ...systemClock,
  sleep(ms: number): Promise<void> {
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms + 50));
    return systemClock.sleep(ms);
  },
};

describe('INC-24: the fence', () => {
  const probe = (canaries: string[], nameServers: string[], patienceMs = 0) =>
    proveFence({ canaries, nameServers, clock: systemClock, patienceMs });
  const closed = ['127.0.0.1:1'];

  async function listening(use: (address: string) => Promise<void>): Promise<void> {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    try {
      await use(`127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }

  test('holds where nothing answers', async () => {
    expect(await probe(closed, closed)).toBeNull();
  });

  test('does not hold where a canary takes a connection', async () => {
    await listening(async (address) => expect(await probe([...closed, address], closed)).toBe(address));
  });

  test.each([
    ['an address', 0x8180],
    ['"no such name", which carries data out all the same', 0x8183],
    ['a refusal', 0x8185],
  ])('does not hold where a name server answers with %s', async (_name, flags) => {
    const server = createSocket('udp4', (query, from) => {
      const reply = Buffer.from(query);
      reply.writeUInt16BE(flags, 2);
      server.send(reply, from.port, from.address);
    });
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    try {
      const address = `127.0.0.1:${server.address().port}`;
      expect(await probe([], [address])).toBe(`${address} (name server)`);
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  });

  test('does not hold where an answer is there, though we had no time to look at it', async () => {
    await listening(async (address) => {
      const proven = proveFence({ canaries: [address], nameServers: [], clock: stalling, patienceMs: 0 });
      expect(await proven).toBe(address);
    });
  });

  test('a policy that takes effect late is waited for', async () => {
    // The canary answers once, then never again.
    const late = createServer((socket) => {
      socket.destroy();
      late.close();
    });
    await new Promise<void>((resolve) => late.listen(0, '127.0.0.1', resolve));
    const address = late.address();
    const canary = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    expect(await probe([canary], closed, 10_000)).toBeNull();
  });
});
