import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SetupSpec } from '../../../src/result/contract/phase-spec.ts';
import { waitFor } from '../../../src/runner/exchange-file.ts';
import { PhaseStoppedError } from '../../../src/runner/phase-failed.ts';
import { liveProcesses } from '../../../src/runner/process/process-table.ts';
import { runSetup } from '../../../src/runner/setup/setup-phase.ts';
import { LIMITS, type RunnerSandbox, runnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
beforeEach(() => {
  box = runnerSandbox();
  writeFiles(box.path('source'), { 'a.txt': 'a', 'run.sh': '#!/bin/sh\n' });
});
afterEach(() => box.remove());

function setup(commands: string[], change: Partial<SetupSpec> = {}, context = box.context): Promise<void> {
  const spec: SetupSpec = {
    phase: 'setup',
    taskId: 't',
    job: 'gb',
    limits: LIMITS,
    commands,
    timeoutMs: 20_000,
    ...change,
  };
  return runSetup(context, spec);
}

const prepared = (path: string) => box.path('prepared', path);

test('prepared is a copy of source in which the commands ran; source keeps its bytes', async () => {
  execFileSync('chmod', ['755', box.path('source/run.sh')]);
  symlinkSync('a.txt', box.path('source/link'));
  writeFileSync(Buffer.concat([Buffer.from(`${box.path('source')}/`), Buffer.from([0xff])]), 'z');
  await setup(['echo b > b.txt', 'cd sub 2>/dev/null || mkdir sub; pwd > where']);
  expect(readFileSync(prepared('b.txt'), 'utf8')).toBe('b\n');
  expect(readFileSync(prepared('where'), 'utf8').trim()).toBe(box.path('prepared'));
  expect(lstatSync(prepared('run.sh')).mode & 0o111).toBe(0o111);
  expect(lstatSync(prepared('link')).isSymbolicLink()).toBe(true);
  expect(existsSync(Buffer.concat([Buffer.from(`${box.path('prepared')}/`), Buffer.from([0xff])]))).toBe(
    true,
  );
  expect(existsSync(box.path('source/b.txt'))).toBe(false);
});

test('how and how fast the copy was made is reported', async () => {
  const facts: unknown[] = [];
  const context = {
    ...box.context,
    report: { ...box.context.report, fact: (fact: unknown) => void facts.push(fact) },
  };
  await setup([], {}, context);
  expect(facts).toEqual([
    { copy: { method: expect.stringMatching(/^(reflink|cp)$/), ms: expect.any(Number) } },
  ]);
});

test('tracked files that it altered are said; new ones are not', async () => {
  await setup(['echo changed > a.txt; echo new > new.txt']);
  expect(box.context.steps.at(-1)).toBe('setup done; altered 1 tracked: a.txt');
});

test('a failure stops the rest and carries the last 20 lines', async () => {
  const run = setup(['seq 1 100; exit 7', 'touch never']);
  await expect(run).rejects.toMatchObject({
    failure: {
      code: 'setup-failed',
      message: '`seq 1 100; exit 7` exited 7 in setup.',
      outputTail: Array.from({ length: 20 }, (_, n) => n + 81).join('\n'),
      facts: { command: { index: 0, exitCode: 7, limit: null } },
    },
  });
  expect(existsSync(prepared('never'))).toBe(false);
});

test('behind the fence the reason says that there is no network', async () => {
  const context = { ...box.context, layout: { ...box.layout, fence: 'gateway-only' as const } };
  await expect(setup(['false'], {}, context)).rejects.toThrow('Setup has no network here.');
});

test('the time is one for all commands', async () => {
  await expect(setup(['sleep 0.7', 'sleep 60'], { timeoutMs: 1_000 })).rejects.toThrow(
    '`sleep 60` was stopped (time) in setup',
  );
});

test('what it starts in the background ends with it', async () => {
  await setup(['setsid sleep 1000 >/dev/null 2>&1 & echo $! > pid']);
  expect(liveProcesses().map((row) => row.pid)).not.toContain(Number(readFileSync(prepared('pid'), 'utf8')));
});

test('nothing of ours is in its environment', async () => {
  process.env['GLOVEBOX_TEST_LEAK'] = 'leaked';
  try {
    await setup(['env > env.txt']);
  } finally {
    delete process.env['GLOVEBOX_TEST_LEAK'];
  }
  expect(readFileSync(prepared('env.txt'), 'utf8')).not.toContain('leaked');
});

test('told to stop, it did not fail: another round sets up again', async () => {
  const stop = new AbortController();
  const running = setup(['touch began; sleep 60'], {}, { ...box.context, stop: stop.signal });
  await waitFor(box.context.clock, AbortSignal.timeout(20_000), () =>
    existsSync(prepared('began')) ? true : null,
  );
  stop.abort();
  await expect(running).rejects.toBeInstanceOf(PhaseStoppedError);
});
