/** The bundled runner, as an adapter starts it: one process per phase, against a gateway on a unix socket. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildRunner } from '../../build/bundle.ts';
import { changeSetDigest } from '../../src/result/contract/change-set.ts';
import { RUNNER_EXIT } from '../../src/result/contract/layout.ts';
import type { PhaseSpec, WorkSpec } from '../../src/result/contract/phase-spec.ts';
import { waitFor } from '../../src/runner/exchange-file.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { FakeGateway } from '../fakes/fake-gateway.ts';
import { call } from '../fakes/scripted-anthropic.ts';
import {
  checkSpec,
  commitAll,
  gitIn,
  LIMITS,
  type RunnerSandbox,
  runnerSandbox,
  writeFiles,
} from '../fixtures/runner-sandbox.ts';

let folder: string;
let runner: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  runner = (await buildRunner(folder)).file;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let gateway: FakeGateway;
let box: RunnerSandbox;
let started: ChildProcess[] = [];
beforeEach(async () => {
  gateway = await new FakeGateway().start();
  box = runnerSandbox({ gateway: { socketPath: gateway.socketPath }, tokenFile: gateway.tokenFile });
});
afterEach(async () => {
  for (const child of started) child.kill('SIGKILL');
  started = [];
  box.remove();
  await gateway.close();
});

function start(phase: string, env: Record<string, string> = {}) {
  const file = box.path(`${phase}.json`);
  const tokenFile = phase === 'verify' ? null : gateway.tokenFile;
  writeFileSync(file, JSON.stringify({ ...box.layout, tokenFile }));
  const child = spawn(process.execPath, [runner, phase, file], { env: { HOME: box.path('home'), ...env } });
  started.push(child);
  const said = text(child.stderr);
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, exit, said };
}

const common = { taskId: '7k2m9q', job: 'gb-7k2m9q', limits: LIMITS };
const TAP_CHECK = checkSpec({
  name: 'test',
  run: `${process.execPath} --test --test-reporter=tap`,
  kind: 'tests',
  report: { format: 'tap', path: '-' },
});

function workSpec(baseSha: string): WorkSpec {
  return {
    phase: 'work',
    ...common,
    baseSha,
    model: 'scripted',
    maxOutputTokens: 4_096,
    contextTokens: 200_000,
    maxTurns: 10,
    untrusted: [{ label: 'issue', text: 'add() subtracts' }],
    instructionFiles: ['AGENTS.md'],
    protectedPaths: [],
    checks: [TAP_CHECK],
    resume: null,
    round: 1,
    nonce: 'f'.repeat(32),
  };
}

function makeRepository(): string {
  const repository = box.path('repository');
  writeFiles(repository, {
    'add.mjs': 'export const add = (a, b) => a - b;\n',
    'add.test.mjs':
      "import { test } from 'node:test';\nimport assert from 'node:assert';\nimport { add } from './add.mjs';\ntest('zero', () => assert.equal(add(0, 0), 0));\n",
    'AGENTS.md': 'Use two spaces.\n',
  });
  gateway.gitFolder = join(repository, '.git');
  return commitAll(repository);
}

async function run(phase: string, spec: PhaseSpec): Promise<void> {
  gateway.spec = spec;
  const { exit, said } = start(phase);
  expect([await exit, await said]).toEqual([RUNNER_EXIT.done, '']);
}

test('all five phases, from a commit to the cells that prove the change', { timeout: 60_000 }, async () => {
  const baseSha = makeRepository();
  await run('fetch', { phase: 'fetch', ...common, gitPath: '/git/repo.git', baseSha });
  expect(gitIn(box.path('source'), 'rev-parse', 'HEAD')).toBe(baseSha);
  await run('setup', {
    phase: 'setup',
    ...common,
    commands: ['echo made > made-by-setup'],
    timeoutMs: 10_000,
  });

  const testFile =
    "import { test } from 'node:test';\nimport assert from 'node:assert';\nimport { add } from './add.mjs';\ntest('zero', () => assert.equal(add(0, 0), 0));\ntest('adds', () => assert.equal(add(1, 2), 3));\n";
  const turns = [
    call('t1', 'bash', { command: 'cat add.mjs' }),
    call('t2', 'str_replace_based_edit_tool', {
      command: 'str_replace',
      path: 'add.mjs',
      old_str: 'a - b',
      new_str: 'a + b',
    }),
    call('t3', 'str_replace_based_edit_tool', {
      command: 'create',
      path: 'add.test.mjs',
      file_text: testFile,
    }),
    call('t4', 'finish', { narrative: 'It subtracted; it adds now.' }),
  ];
  gateway.replies = (_request, index) => turns[index] ?? turns[3] ?? { blocks: [] };
  await run('work', workSpec(baseSha));
  expect(gateway.seals).toEqual([
    { digest: expect.any(String), narrative: 'It subtracted; it adds now.', end: 'finished' },
  ]);
  const changeSet = gateway.changeSets.at(-1);
  if (changeSet === undefined) throw new Error('no change set');
  expect(changeSet.entries.map((entry) => entry.path)).toEqual(['add.mjs', 'add.test.mjs']);
  expect(gateway.seals[0]?.digest).toBe(changeSetDigest(changeSet));

  // The verify job has volumes of its own: what setup made of the base.
  rmSync(box.path('prepared'), { recursive: true });
  gateway.closed = false;
  await run('setup', { phase: 'setup', ...common, commands: [], timeoutMs: 10_000 });
  gateway.spec = { phase: 'deliver', ...common, verify: { phase: 'verify', ...common, checks: [TAP_CHECK] } };
  const deliver = start('deliver');
  const verify = start('verify');
  await waitFor(systemClock, AbortSignal.timeout(30_000), () => (gateway.base.length > 0 ? true : null));
  expect(gateway.base[0]?.cells).toMatchObject([{ source: 'base', tests: 'base', outcome: 'passed' }]);
  gateway.sealed = { digest: changeSetDigest(changeSet), changeSet, harnessPaths: ['add.test.mjs'] };
  expect([await verify.exit, await deliver.exit]).toEqual([RUNNER_EXIT.done, RUNNER_EXIT.done]);
  const outcomes = gateway.next[0]?.cells.map((cell) => [cell.source, cell.tests, cell.outcome]);
  expect(outcomes).toEqual([
    ['new', 'new', 'passed'],
    ['new', 'base', 'passed'],
    ['base', 'new', 'failed'],
  ]);
  const proof = gateway.next[0]?.cells[2]?.results?.find((result) => result.id === 'adds');
  expect(proof).toMatchObject({ status: 'failed', failure: { kind: 'assertion' } });
  expect(existsSync(box.path('prepared/made-by-setup'))).toBe(false);
});

describe('the process', () => {
  test.each([[[]], [['nonsense', 'x']], [['work', '/nonexistent.json']]])(
    '%j is wrong usage',
    async (args) => {
      const child = spawn(process.execPath, [runner, ...args], { env: {} });
      expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(RUNNER_EXIT.usage);
    },
  );

  test('INC-05: refuses to start beside a credential, names the place and never the value', async () => {
    const value = `ghp_${'a'.repeat(36)}`;
    gateway.spec = { phase: 'setup', ...common, commands: ['touch ran'], timeoutMs: 10_000 };
    const { exit, said } = start('setup', { GITHUB_TOKEN: value });
    expect(await exit).toBe(RUNNER_EXIT.refused);
    expect(gateway.heartbeats.at(-1)).toMatchObject({
      state: 'failed',
      failure: { code: 'credential-found' },
    });
    const everything = JSON.stringify(gateway.heartbeats) + (await said);
    expect(everything).toContain('GITHUB_TOKEN');
    expect(everything).not.toContain(value);
    expect(existsSync(box.path('prepared/ran'))).toBe(false);
  });

  test('takes its spec before its first beat: a job belongs to the pod that took its spec', async () => {
    gateway.spec = { phase: 'setup', ...common, commands: [], timeoutMs: 10_000 };
    expect(await start('setup').exit).toBe(RUNNER_EXIT.done);
    expect(gateway.requests.map(({ path }) => path).slice(0, 2)).toEqual([
      '/sandbox/spec',
      '/sandbox/heartbeat',
    ]);
  });

  test('a failure is told in the last heartbeat and by the exit code', async () => {
    gateway.spec = { phase: 'setup', ...common, commands: ['echo oops; exit 3'], timeoutMs: 10_000 };
    expect(await start('setup').exit).toBe(RUNNER_EXIT.failed);
    expect(gateway.heartbeats.at(-1)).toMatchObject({
      phase: 'setup',
      state: 'failed',
      failure: {
        code: 'setup-failed',
        message: '`echo oops; exit 3` exited 3 in setup.',
        outputTail: 'oops',
      },
    });
  });

  test('a restart of our side in the middle is waited out', async () => {
    gateway.away = 3;
    gateway.spec = { phase: 'setup', ...common, commands: ['sleep 0.5'], timeoutMs: 10_000 };
    const { exit } = start('setup');
    await waitFor(systemClock, AbortSignal.timeout(10_000), () =>
      gateway.requests.length > 2 ? true : null,
    );
    await gateway.goAway();
    await gateway.start();
    expect(await exit).toBe(RUNNER_EXIT.done);
    expect(gateway.heartbeats.at(-1)).toMatchObject({ state: 'done' });
  });

  test('SIGTERM in work: what is there is uploaded and not sealed, so that another round goes on from it', async () => {
    const baseSha = makeRepository();
    await run('fetch', { phase: 'fetch', ...common, gitPath: '/git/repo.git', baseSha });
    gateway.replies = (_request, index) =>
      index === 0
        ? call('t1', 'bash', { command: 'echo half > half.txt' })
        : call('t2', 'bash', { command: 'touch "$HOME/stuck"; sleep 1000' });
    gateway.spec = workSpec(baseSha);
    const { child, exit } = start('work');
    await waitFor(systemClock, AbortSignal.timeout(20_000), () =>
      existsSync(box.path('home/stuck')) ? true : null,
    );
    child.kill('SIGTERM');
    expect(await exit).toBe(RUNNER_EXIT.stopped);
    expect(gateway.seals).toEqual([]);
    expect(gateway.heartbeats.filter((beat) => beat.failure !== null)).toEqual([]);
    expect(gateway.changeSets.at(-1)?.entries.map((entry) => entry.path)).toEqual(['half.txt']);
  });

  test('SIGUSR1 from a tool opens no debugger', async () => {
    gateway.spec = { phase: 'setup', ...common, commands: ['touch began; sleep 2'], timeoutMs: 10_000 };
    const { child, exit, said } = start('setup');
    await waitFor(systemClock, AbortSignal.timeout(10_000), () =>
      existsSync(box.path('prepared/began')) ? true : null,
    );
    child.kill('SIGUSR1');
    expect([await exit, await said]).toEqual([RUNNER_EXIT.done, '']);
  });

  test('counter-test: Node left alone opens one', async () => {
    const node = spawn(process.execPath, ['-e', 'console.log(1); setTimeout(() => {}, 60_000)'], { env: {} });
    started.push(node);
    await new Promise((resolve) => node.stdout.once('data', resolve));
    node.kill('SIGUSR1');
    const words = await new Promise<Buffer>((resolve) => node.stderr.once('data', resolve));
    expect(words.toString()).toContain('Debugger listening');
  });

  test('a phase that the gateway closed ends at once and uploads nothing', async () => {
    const baseSha = makeRepository();
    await run('fetch', { phase: 'fetch', ...common, gitPath: '/git/repo.git', baseSha });
    gateway.replies = () => {
      gateway.closed = true;
      return call('t1', 'bash', { command: 'echo late > late.txt' });
    };
    gateway.spec = workSpec(baseSha);
    expect(await start('work').exit).toBe(RUNNER_EXIT.done);
    expect([gateway.changeSets, gateway.seals]).toEqual([[], []]);
  });

  test('INC-05: no environment and no process that tools can read holds the token', async () => {
    const baseSha = makeRepository();
    await run('fetch', { phase: 'fetch', ...common, gitPath: '/git/repo.git', baseSha });
    const seen: string[] = [];
    gateway.replies = ({ body }, index) => {
      seen.push(JSON.stringify(body.messages));
      return index === 0
        ? call('t1', 'bash', {
            command: 'env; cat /proc/$PPID/environ /proc/$PPID/cmdline /proc/self/environ | tr "\\0" "\\n"',
          })
        : call('t2', 'finish', { narrative: '' });
    };
    await run('work', workSpec(baseSha));
    expect(seen[1]).toContain('HOME=');
    expect(seen.join('')).not.toContain(gateway.token);
    expect(readFileSync(gateway.tokenFile, 'utf8')).toContain(gateway.token);
  });

  test('INC-05, counter-test: a runner that is given its token in its environment shows it to its tools', async () => {
    const look = 'env; tr "\\0" "\\n" < /proc/$PPID/environ';
    const program = `import { spawnSync } from 'node:child_process';
      const env = { PATH: process.env.PATH };
      process.stdout.write(spawnSync('sh', ['-c', process.argv[1]], { env }).stdout);`;
    const naive = spawn(process.execPath, ['--input-type=module', '-e', program, look], {
      env: { PATH: process.env['PATH'], GATEWAY_TOKEN: gateway.token },
    });
    started.push(naive);
    expect(await text(naive.stdout)).toContain(gateway.token);
  });
});
