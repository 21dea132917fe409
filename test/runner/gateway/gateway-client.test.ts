import { writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../../src/runner/exchange-file.ts';
import { startForwarder } from '../../../src/runner/gateway/forwarder.ts';
import { createGatewayClient } from '../../../src/runner/gateway/gateway-client.ts';
import { startHeartbeat } from '../../../src/runner/gateway/heartbeat.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { FakeGateway } from '../../fakes/fake-gateway.ts';
import { LIMITS } from '../../fixtures/runner-sandbox.ts';

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await new FakeGateway().start();
  gateway.spec = { phase: 'setup', taskId: 't', job: 'gb', limits: LIMITS, commands: [], timeoutMs: 1_000 };
});
afterEach(() => gateway.close());

const client = (patienceMs = 10_000) =>
  createGatewayClient({
    target: { socketPath: gateway.socketPath },
    tokenFile: gateway.tokenFile,
    clock: systemClock,
    patienceMs,
  });
const until = (look: () => boolean) =>
  waitFor(systemClock, AbortSignal.timeout(10_000), () => (look() ? true : null));

describe('patience', () => {
  test('503s are waited out', async () => {
    gateway.away = 3;
    expect(await client().spec()).toMatchObject({ phase: 'setup' });
    expect(gateway.requests).toHaveLength(4);
  });

  test('refused connections are waited out, until a restart takes the same path', async () => {
    await gateway.goAway();
    const answer = client().spec();
    await gateway.start();
    expect(await answer).toMatchObject({ phase: 'setup' });
  });

  test('patience ends, with a code', async () => {
    await gateway.goAway();
    await expect(client(100).spec()).rejects.toMatchObject({ code: 'gateway-unreachable', retry: true });
    await gateway.start();
  });

  test('the token is read anew at each call', async () => {
    const one = client();
    await one.spec();
    gateway.token = 'gbx_other';
    writeFileSync(gateway.tokenFile, 'gbx_other\n');
    await one.spec();
    expect(gateway.requests.map((request) => request.authorization)).toEqual([
      'Bearer gbx_test',
      'Bearer gbx_other',
    ]);
  });
});

describe('final answers', () => {
  test('a closed phase is not tried again', async () => {
    gateway.closed = true;
    await expect(client().spec()).rejects.toMatchObject({ code: 'phase-closed' });
    expect(gateway.requests).toHaveLength(1);
  });

  test('a wrong token', async () => {
    writeFileSync(gateway.tokenFile, 'wrong');
    await expect(client().spec()).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test.each([
    ['', 'is empty'],
    [null, 'no token file'],
  ])('no token (%j)', async (content, words) => {
    if (content !== null) writeFileSync(gateway.tokenFile, content);
    const tokenFile = content === null ? null : gateway.tokenFile;
    const without = createGatewayClient({
      target: { socketPath: gateway.socketPath },
      tokenFile,
      clock: systemClock,
      patienceMs: 100,
    });
    await expect(without.spec()).rejects.toThrow(words);
  });

  test('an answer that is not the contract', async () => {
    gateway.spec = null;
    await expect(client().spec()).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('heartbeats', () => {
  function heart(onClosed = () => {}) {
    const answers: boolean[] = [];
    const loop = startHeartbeat({
      gateway: client(),
      clock: systemClock,
      phase: 'setup',
      notLimited: ['disk'],
      onAnswer: (answer) => void answers.push(answer.stop),
      onClosed,
    });
    return { loop, answers };
  }

  test('start at once, follow a new step, and end with the last word', async () => {
    const { loop, answers } = heart();
    await until(() => gateway.heartbeats.length === 1);
    gateway.stop = true;
    loop.report.step('x'.repeat(400));
    loop.report.fact({ trackedFiles: 3 });
    await until(() => gateway.heartbeats.length === 2);
    await loop.end('done', null);
    expect(gateway.heartbeats.map((beat) => [beat.state, beat.step?.length ?? 0])).toEqual([
      ['running', 0],
      ['running', 300],
      ['done', 300],
    ]);
    expect(gateway.heartbeats[1]?.facts).toEqual({ notLimited: ['disk'], copy: null, trackedFiles: 3 });
    expect(answers).toEqual([false, true, true]);
  });

  test('a gateway that is away for a beat is no failure; the last word waits for it', async () => {
    const { loop } = heart();
    await until(() => gateway.heartbeats.length === 1);
    await gateway.goAway();
    const ending = loop.end('failed', { code: 'internal', message: 'x', outputTail: null });
    await gateway.start();
    await ending;
    expect(gateway.heartbeats.at(-1)).toMatchObject({ state: 'failed', failure: { code: 'internal' } });
  });

  test('a closed phase is heard', async () => {
    gateway.closed = true;
    let closed = 0;
    const { loop } = heart(() => void closed++);
    await until(() => closed === 1);
    await loop.end('done', null);
  });
});

describe('the forwarder', () => {
  async function get(origin: string, path: string, headers: Record<string, string> = {}) {
    const { port } = new URL(origin);
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      // Raw, so that the client does not normalise the path first.
      httpRequest({ host: '127.0.0.1', port, path, headers }, resolve).on('error', reject).end();
    });
    return { status: response.statusCode, body: await text(response) };
  }
  const forward = () =>
    startForwarder({
      target: { socketPath: gateway.socketPath },
      tokenFile: gateway.tokenFile,
      paths: ['/sandbox/spec'],
    });

  test('adds the phase token in place of whatever the client sent', async () => {
    const { origin, close } = await forward();
    const answer = await get(origin, '/sandbox/spec', {
      authorization: 'Bearer forged',
      'x-api-key': 'forged',
    });
    await close();
    expect(answer.status).toBe(200);
    expect(gateway.requests.map((request) => request.authorization)).toEqual(['Bearer gbx_test']);
  });

  test.each([
    '/sandbox/heartbeat',
    '/',
    '/sandbox/spec/../heartbeat',
    '/sandbox/spec/%2e%2e/heartbeat',
    'http://elsewhere.example/x',
    '//elsewhere.example/x',
  ])('%s is not forwarded', async (path) => {
    const { origin, close } = await forward();
    expect((await get(origin, path)).status).toBe(404);
    await close();
    expect(gateway.requests).toEqual([]);
  });

  test('says 502 while the gateway is away', async () => {
    const { origin, close } = await forward();
    await gateway.goAway();
    expect((await get(origin, '/sandbox/spec')).status).toBe(502);
    await gateway.start();
    await close();
  });

  test('listens on localhost only', async () => {
    const { origin, close } = await forward();
    await close();
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});
