/** The relay holds nothing for longer than it needs: a slow client's answer leaves no listener behind for each pause. */
import { createServer, get, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { relay } from '../../../src/gateway/model/relay.ts';

const PIECES = 100;
const PIECE = Buffer.alloc(64 * 1024, 'a');
let server: Server | null = null;

afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined))));

it('a client that has to be waited for at every piece adds no listener for each', async () => {
  let pauses = 0;
  let most = 0;
  const listening = await serve((outgoing) => {
    const body = Readable.from(Array.from({ length: PIECES }, () => PIECE));
    body.on('pause', () => {
      pauses += 1;
      most = Math.max(most, outgoing.listenerCount('close'));
    });
    const exchange = new AbortController();
    outgoing.writeHead(200);
    relay({ body, outgoing, exchange, clientIdleMs: 10_000 }, { seen: () => {}, ended: () => {} });
  });
  expect(await readAll(listening)).toBe(PIECES * PIECE.length);
  expect(pauses).toBeGreaterThan(10);
  expect(most).toBeLessThan(5);
});

function serve(answer: (outgoing: ServerResponse) => void): Promise<string> {
  return new Promise((resolve) => {
    server = createServer((_incoming, outgoing) => answer(outgoing)).listen(0, '127.0.0.1', () => {
      const address = server?.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    });
  });
}

function readAll(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
      });
      response.on('end', () => resolve(bytes));
      response.on('error', reject);
    }).on('error', reject);
  });
}
