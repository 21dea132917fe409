/** A sandbox that tries itself: what it finds stands in its answer, its token sealed, and no work is done. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RUNNER_EXIT } from '../../src/result/contract/layout.ts';
import type { Phase } from '../../src/result/contract/phase-spec.ts';
import { ANSWER_BYTES, SelfTestAnswer } from '../../src/result/contract/self-test.ts';
import { runSelfTest } from '../../src/runner/self-test.ts';
import { newAnswerKey } from '../../src/shared/answer-key.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import { type RunnerSandbox, runnerSandbox } from '../fixtures/runner-sandbox.ts';

const TOKEN = `eyJhbGciOiJSUzI1NiJ9.${'eyJhdWQi'.repeat(120)}.c2ln`;
/** Patience of seconds passes in tenths. */
const SPEED = 20;
const start = Date.now();
const clock = {
  now: () => start + (Date.now() - start) * SPEED,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / SPEED, signal),
};

let sandbox: RunnerSandbox;
let servers: Server[];

beforeEach(() => {
  sandbox = runnerSandbox();
  servers = [];
  writeFileSync(sandbox.path('token'), `${TOKEN}\n`);
});
afterEach(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  sandbox.remove();
});

async function listening(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

const openServer = () => listening(createServer((socket) => socket.destroy()));
const gatewayServer = () =>
  listening(createHttpServer((_request, response) => response.writeHead(200).end()));

interface Trial {
  readonly phase?: Phase;
  readonly canaries?: readonly string[];
  readonly doubtful?: readonly string[];
  readonly gateway?: string;
  readonly install?: { readonly from: string; readonly to: string } | null;
  readonly tokenFile?: string | null;
}

const key = newAnswerKey(systemRandom);

async function trial(options: Trial) {
  const answerFile = sandbox.path('answer');
  const layout = {
    ...sandbox.layout,
    gateway: { origin: `http://${options.gateway ?? (await gatewayServer())}` },
    canaries: [...(options.canaries ?? [])],
    nameServers: [],
    install: options.install ?? null,
    tokenFile: options.tokenFile === undefined ? sandbox.path('token') : options.tokenFile,
  };
  const said: string[] = [];
  const run = {
    phase: options.phase ?? 'fetch',
    layout,
    env: {},
    clock,
    random: systemRandom,
    terminated: new AbortController().signal,
    say: (line: string) => void said.push(line),
  };
  const request = { answerFile, answerKey: key.publicKey, doubtful: [...(options.doubtful ?? [])] };
  const exit = await runSelfTest(run, request, []);
  const text = existsSync(answerFile) ? readFileSync(answerFile, 'utf8') : null;
  return { exit, said, text, answer: text === null ? null : SelfTestAnswer.parse(JSON.parse(text)) };
}

describe('the self-test of fetch', () => {
  it('finds a fence that holds, and a gateway that answers', async () => {
    const { exit, answer } = await trial({ canaries: ['127.0.0.1:1'] });
    expect(exit).toBe(RUNNER_EXIT.done);
    expect(answer).toMatchObject({ reached: [], doubtful: [], gateway: 200 });
  });

  it('names each address that answers, and those in doubt apart', async () => {
    const [first, second, third] = await Promise.all([openServer(), openServer(), openServer()]);
    const { exit, answer } = await trial({
      canaries: ['127.0.0.1:1', first, second],
      doubtful: [third, '127.0.0.1:2'],
    });
    expect(exit).toBe(RUNNER_EXIT.done);
    expect(answer).toMatchObject({ reached: [first, second], doubtful: [third] });
  });

  it('says why the gateway did not answer', async () => {
    const { answer } = await trial({ gateway: '127.0.0.1:1' });
    expect(answer?.gateway).toContain('ECONNREFUSED');
  });

  it('seals its token, which nothing shows in plain text', async () => {
    const { answer, text, said } = await trial({});
    expect(key.open(answer?.sealedToken ?? '')).toBe(TOKEN);
    expect(`${text}${said.join('')}`).not.toContain('eyJhdWQi');
  });

  it('brings Node and the runner, so that the template’s image is tried with them', async () => {
    const from = sandbox.path('image');
    mkdirSync(from);
    for (const name of ['node', 'runner.mjs']) writeFileSync(`${from}/${name}`, name);
    await trial({ install: { from, to: sandbox.path('volume') } });
    expect(readFileSync(sandbox.path('volume/runner.mjs'), 'utf8')).toBe('runner.mjs');
  });

  it('fits into what the kubelet keeps, however much it found', async () => {
    const canaries = await Promise.all(Array.from({ length: 20 }, openServer));
    const { text, answer } = await trial({ canaries, doubtful: canaries });
    expect(Buffer.byteLength(text ?? '')).toBeLessThanOrEqual(ANSWER_BYTES);
    expect(answer?.reached.length).toBeGreaterThan(0);
  });

  it('fails where it has no token although it should', async () => {
    const { exit, said, answer } = await trial({ tokenFile: sandbox.path('missing') });
    expect([exit, answer]).toEqual([RUNNER_EXIT.failed, null]);
    expect(said.join('')).toContain('self-test of fetch failed');
  });
});

it('the self-test of work asks nobody, and ends', async () => {
  const open = await openServer();
  const { exit, answer } = await trial({ phase: 'work', canaries: [open] });
  expect(exit).toBe(RUNNER_EXIT.done);
  expect(answer).toMatchObject({ reached: [], gateway: null });
});
