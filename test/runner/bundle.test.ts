/** The bundled runner, as an adapter starts it: one process per phase, against a gateway on a unix socket. */
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeSetDigest } from '../../src/result/contract/change-set.ts';
import { RUNNER_EXIT } from '../../src/result/contract/layout.ts';
import type { PhaseSpec } from '../../src/result/contract/phase-spec.ts';
import { waitFor } from '../../src/runner/exchange-file.ts';
import { systemClock } from '../../src/shared/clock.ts';
import type { FakeGateway } from '../fakes/fake-gateway.ts';
import { call } from '../fakes/scripted-anthropic.ts';
import {
  type BuiltRunner,
  buildRunnerFile,
  COMMON,
  RunnerJob,
  TAP_CHECK,
  workSpec,
} from '../fixtures/bundled-runner.ts';
import { gitIn, type RunnerSandbox } from '../fixtures/runner-sandbox.ts';

let runner: BuiltRunner;
beforeAll(async () => {
  runner = await buildRunnerFile();
});
afterAll(() => runner.remove());

let job: RunnerJob;
let gateway: FakeGateway;
let box: RunnerSandbox;
beforeEach(async () => {
  job = await RunnerJob.open(runner);
  ({ gateway, box } = job);
});
afterEach(() => job.close());

async function run(phase: string, spec: PhaseSpec): Promise<void> {
  gateway.spec = spec;
  const { exit, said } = job.start(phase);
  expect([await exit, await said]).toEqual([RUNNER_EXIT.done, '']);
}

test('all five phases, from a commit to the cells that prove the change', { timeout: 60_000 }, async () => {
  const baseSha = job.makeRepository();
  await run('fetch', { phase: 'fetch', ...COMMON, gitPath: '/git/repo.git', baseSha });
  expect(gitIn(box.path('source'), 'rev-parse', 'HEAD')).toBe(baseSha);
  await run('setup', {
    phase: 'setup',
    ...COMMON,
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
  await run('setup', { phase: 'setup', ...COMMON, commands: [], timeoutMs: 10_000 });
  gateway.spec = { phase: 'deliver', ...COMMON, verify: { phase: 'verify', ...COMMON, checks: [TAP_CHECK] } };
  const deliver = job.start('deliver');
  const verify = job.start('verify');
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
      const child = spawn(process.execPath, [runner.file, ...args], { env: {} });
      expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(RUNNER_EXIT.usage);
    },
  );

  test('takes its spec before its first beat: a job belongs to the pod that took its spec', async () => {
    gateway.spec = { phase: 'setup', ...COMMON, commands: [], timeoutMs: 10_000 };
    expect(await job.start('setup').exit).toBe(RUNNER_EXIT.done);
    expect(gateway.requests.map(({ path }) => path).slice(0, 2)).toEqual([
      '/sandbox/spec',
      '/sandbox/heartbeat',
    ]);
  });

  test('a failure is told in the last heartbeat and by the exit code', async () => {
    gateway.spec = { phase: 'setup', ...COMMON, commands: ['echo oops; exit 3'], timeoutMs: 10_000 };
    expect(await job.start('setup').exit).toBe(RUNNER_EXIT.failed);
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
    gateway.spec = { phase: 'setup', ...COMMON, commands: ['sleep 0.5'], timeoutMs: 10_000 };
    const { exit } = job.start('setup');
    await waitFor(systemClock, AbortSignal.timeout(10_000), () =>
      gateway.requests.length > 2 ? true : null,
    );
    await gateway.goAway();
    await gateway.start();
    expect(await exit).toBe(RUNNER_EXIT.done);
    expect(gateway.heartbeats.at(-1)).toMatchObject({ state: 'done' });
  });

  test('SIGTERM in work: what is there is uploaded and not sealed, so that another round goes on from it', async () => {
    const baseSha = job.makeRepository();
    await run('fetch', { phase: 'fetch', ...COMMON, gitPath: '/git/repo.git', baseSha });
    gateway.replies = (_request, index) =>
      index === 0
        ? call('t1', 'bash', { command: 'echo half > half.txt' })
        : call('t2', 'bash', { command: 'touch "$HOME/stuck"; sleep 1000' });
    gateway.spec = workSpec(baseSha);
    const { child, exit } = job.start('work');
    await waitFor(systemClock, AbortSignal.timeout(20_000), () =>
      existsSync(box.path('home/stuck')) ? true : null,
    );
    child.kill('SIGTERM');
    expect(await exit).toBe(RUNNER_EXIT.stopped);
    expect(gateway.seals).toEqual([]);
    expect(gateway.heartbeats.filter((beat) => beat.failure !== null)).toEqual([]);
    expect(gateway.changeSets.at(-1)?.entries.map((entry) => entry.path)).toEqual(['half.txt']);
  });

  test('a phase that the gateway closed ends at once and uploads nothing', async () => {
    const baseSha = job.makeRepository();
    await run('fetch', { phase: 'fetch', ...COMMON, gitPath: '/git/repo.git', baseSha });
    gateway.replies = () => {
      gateway.closed = true;
      return call('t1', 'bash', { command: 'echo late > late.txt' });
    };
    gateway.spec = workSpec(baseSha);
    expect(await job.start('work').exit).toBe(RUNNER_EXIT.done);
    expect([gateway.changeSets, gateway.seals]).toEqual([[], []]);
  });
});
