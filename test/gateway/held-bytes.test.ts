/** A job that sends bodies and withholds their last byte: what it holds is bounded, its neighbours are served. */
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Identified } from '../../src/gateway/identity.ts';
import { MODEL_LIMITS, type ModelLimits } from '../../src/gateway/model/model-deps.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { CALLER, question, startModelGateway, type TestGateway, TOKEN } from '../fixtures/model-gateway.ts';
import { connectTo } from '../fixtures/raw-connection.ts';
import { openTestStore } from '../fixtures/test-store.ts';

const NEIGHBOUR = 'token-of-another-job';
const NEIGHBOUR_CALLER = { ...CALLER, taskId: 'bbbbbb', jobName: 'gb-bbbbbb-work-1' };
const CALLERS = new Map([
  [TOKEN, CALLER],
  [NEIGHBOUR, NEIGHBOUR_CALLER],
]);
const UPLOAD_BYTES = 990;
const PATHS = ['/v1/messages', '/v1/messages/count_tokens'];

describe('bytes of bodies that one job holds', () => {
  const sockets: Socket[] = [];
  let store: OpenStore;
  let gateway: TestGateway;
  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await gateway.close();
  });
  afterAll(() => store.close());

  const start = async (limits: Partial<ModelLimits>): Promise<void> => {
    const identify = async (token: string): Promise<Identified> => {
      const caller = CALLERS.get(token);
      return caller ? { ok: true, caller } : { ok: false, reason: 'unknown token' };
    };
    gateway = await startModelGateway(store, {
      identity: { identify },
      limits: { ...MODEL_LIMITS, ...limits },
    });
  };

  const ask = async (token: string, path = '/v1/messages'): Promise<number> => {
    const response = await gateway.post(question(), { path, headers: { authorization: `Bearer ${token}` } });
    await response.text();
    return response.status;
  };

  /** A body of which all but the last byte is sent. */
  async function withhold(path: string): Promise<void> {
    const socket = await connectTo(gateway.url);
    sockets.push(socket.on('error', () => {}));
    const head = `POST ${path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json\r\n`;
    socket.write(`${head}content-length: ${UPLOAD_BYTES}\r\n\r\n${' '.repeat(UPLOAD_BYTES - 1)}`);
  }

  it.each(PATHS)('on %s are bounded: it is told to wait, and its neighbour is served', async (path) => {
    await start({ maxHeldBytes: 2_000, maxHeldBytesPerJob: 1_000 });
    for (let upload = 0; upload < 16; upload += 1) await withhold(path);
    await expect.poll(() => ask(TOKEN)).toBe(429);
    expect(await ask(NEIGHBOUR)).toBe(200);
    expect(await ask(NEIGHBOUR, '/v1/messages/count_tokens')).toBe(200);

    for (const socket of sockets) socket.destroy();
    await expect.poll(() => ask(TOKEN)).toBe(200);
  });

  it.each(PATHS)(
    'counter-test: on %s with one account for all jobs the neighbour is refused',
    async (path) => {
      await start({ maxHeldBytes: 2_000, maxHeldBytesPerJob: 2_000 });
      for (let upload = 0; upload < 16; upload += 1) await withhold(path);
      await expect.poll(() => ask(NEIGHBOUR)).toBe(429);
    },
  );

  it('leave room for two of the largest bodies, and for the bodies of others', () => {
    const { maxBodyBytes, maxHeldBytes, maxHeldBytesPerJob } = MODEL_LIMITS;
    expect(maxHeldBytesPerJob).toBe(2 * maxBodyBytes);
    expect(maxHeldBytes).toBeGreaterThan(maxHeldBytesPerJob);
  });

  it('are held by no more calls than a job may have, free ones too', async () => {
    await start({ callsPerJob: 2 });
    for (let upload = 0; upload < 2; upload += 1) await withhold('/v1/messages/count_tokens');
    await expect.poll(() => ask(TOKEN, '/v1/messages/count_tokens')).toBe(429);
    expect(await ask(NEIGHBOUR)).toBe(200);
    for (const socket of sockets) socket.destroy();
    for (const path of [...PATHS, ...PATHS]) await expect.poll(() => ask(TOKEN, path)).toBe(200);
  });
});
