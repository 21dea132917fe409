import { existsSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NewResults } from '../../../src/result/contract/cell.ts';
import { BaseResults, NewResults as NewResultsSchema } from '../../../src/result/contract/cell.ts';
import { type ChangeEntry, changeSetDigest } from '../../../src/result/contract/change-set.ts';
import type { CheckSpec, SealedSet } from '../../../src/result/contract/phase-spec.ts';
import { readExchange, waitFor, writeExchange } from '../../../src/runner/exchange-file.ts';
import { PhaseStoppedError } from '../../../src/runner/phase-failed.ts';
import { entriesFor, runVerify } from '../../../src/runner/verify/verify-phase.ts';
import { putEntry } from '../../builders/change-set.ts';
import {
  checkSpec,
  LIMITS,
  type RunnerSandbox,
  runnerSandbox,
  writeFiles,
} from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
beforeEach(() => {
  box = runnerSandbox();
});
afterEach(() => box.remove());

const SHA = 'a'.repeat(40);

function sealedSet(entries: ChangeEntry[], harnessPaths: string[]): SealedSet {
  const changeSet = { baseSha: SHA, entries, ignoredFiles: 0, setupAltered: [] };
  return { digest: changeSetDigest(changeSet), changeSet, harnessPaths };
}

function start(checks: CheckSpec[]): Promise<void> {
  const spec = { phase: 'verify', taskId: '7k2m9q', job: 'gb', limits: LIMITS, checks };
  writeExchange(box.path('sealed'), 'verify-spec.json', spec);
  return runVerify(box.context);
}

async function baseWritten(): Promise<BaseResults> {
  const found = await waitFor(box.context.clock, AbortSignal.timeout(20_000), () =>
    readExchange(BaseResults, box.path('results'), 'base.json'),
  );
  if (found === null) throw new Error('no base results');
  return found;
}

function newWritten(): NewResults | null {
  return readExchange(NewResultsSchema, box.path('results'), 'new.json');
}

test('runs base cells first, then each side of the change set with and without the other', async () => {
  writeFiles(box.path('prepared'), { 'src.txt': 'S0', 'test.txt': 'T0' });
  const running = start([checkSpec({ run: 'cat src.txt test.txt' })]);
  const base = await baseWritten();
  expect(base.cells.map((cell) => [cell.source, cell.tests, cell.output.head])).toEqual([
    ['base', 'base', 'S0T0'],
  ]);
  expect(newWritten()).toBeNull();
  const set = sealedSet([putEntry('src.txt', 'S1'), putEntry('test.txt', 'T1')], ['test.txt']);
  writeExchange(box.path('sealed'), 'sealed-set.json', set);
  await running;
  expect(newWritten()).toMatchObject({ digest: set.digest, complete: true });
  expect(newWritten()?.cells.map((cell) => [cell.source, cell.tests, cell.output.head])).toEqual([
    ['new', 'new', 'S1T1'],
    ['new', 'base', 'S1T0'],
    ['base', 'new', 'S0T1'],
  ]);
});

test('without a harness change there is no cell that would repeat the base', async () => {
  const running = start([checkSpec({})]);
  await baseWritten();
  writeExchange(box.path('sealed'), 'sealed-set.json', sealedSet([putEntry('src.txt', 'S1')], []));
  await running;
  expect(newWritten()?.cells.map((cell) => [cell.source, cell.tests])).toEqual([
    ['new', 'new'],
    ['new', 'base'],
  ]);
});

test('ends without new cells when nothing will come', async () => {
  const running = start([checkSpec({})]);
  await baseWritten();
  writeFileSync(box.path('sealed/nothing'), 'null');
  await running;
  expect(newWritten()).toBeNull();
});

test('a bundle for another digest is not run', async () => {
  const running = start([checkSpec({ run: 'touch "$HOME/ran-new"; test ! -e evil' })]);
  await baseWritten();
  const set = sealedSet([putEntry('evil', 'x')], []);
  writeExchange(box.path('sealed'), 'sealed-set.json', { ...set, digest: `sha256:${'0'.repeat(64)}` });
  await expect(running).rejects.toThrow("its change set's is another");
  expect(newWritten()).toBeNull();
});

test('counter-test: the same set is run as soon as the digest beside it is not another', async () => {
  const running = start([checkSpec({ run: 'test ! -e evil' })]);
  await baseWritten();
  const set = sealedSet([putEntry('evil', 'x')], []);
  writeExchange(box.path('sealed'), 'sealed-set.json', set);
  await running;
  expect(newWritten()).toMatchObject({ digest: set.digest, cells: [{ outcome: 'failed' }, {}] });
});

test("changed runner configuration counts as tests, so new source meets the base's own runner", async () => {
  // The agent's configuration makes every run "pass"; the base's fails on the broken source.
  writeFiles(box.path('prepared'), { 'check.sh': 'grep -q good src.txt', 'src.txt': 'good' });
  const running = start([checkSpec({ run: 'sh check.sh' })]);
  await baseWritten();
  const entries = [putEntry('check.sh', 'exit 0'), putEntry('src.txt', 'broken')];
  writeExchange(box.path('sealed'), 'sealed-set.json', sealedSet(entries, ['check.sh']));
  await running;
  const outcomes = newWritten()?.cells.map((cell) => [cell.source, cell.tests, cell.outcome]);
  expect(outcomes).toContainEqual(['new', 'base', 'failed']);
  // Counter-test: with the configuration of the change set the same source passes.
  expect(outcomes).toContainEqual(['new', 'new', 'passed']);
});

test('a stop in the middle leaves what there is, marked incomplete', async () => {
  const stop = new AbortController();
  const spec = {
    phase: 'verify',
    taskId: 't',
    job: 'gb',
    limits: LIMITS,
    checks: [checkSpec({ run: 'test ! -e slow || { touch "$HOME/started"; sleep 60; }' })],
  };
  writeExchange(box.path('sealed'), 'verify-spec.json', spec);
  const running = runVerify({ ...box.context, stop: stop.signal });
  await baseWritten();
  writeExchange(box.path('sealed'), 'sealed-set.json', sealedSet([putEntry('slow', '')], []));
  await waitFor(box.context.clock, AbortSignal.timeout(20_000), () =>
    existsSync(box.path('home/started')) ? true : null,
  );
  stop.abort();
  await expect(running).rejects.toBeInstanceOf(PhaseStoppedError);
  expect(newWritten()).toMatchObject({ complete: false, cells: [{ outcome: 'killed' }] });
});

test.each([
  [{ source: 'new', tests: 'new' }, ['src', 'test']],
  [{ source: 'new', tests: 'base' }, ['src']],
  [{ source: 'base', tests: 'new' }, ['test']],
  [{ source: 'base', tests: 'base' }, []],
] as const)('%o gets its part of the change set', (sides, paths) => {
  const set = sealedSet([putEntry('src', ''), putEntry('test', '')], ['test']);
  expect(entriesFor(sides, set).map((entry) => entry.path)).toEqual(paths);
});

test.each([
  ['folders', 'mkdir -p new.json/x new.json.part/x'],
  ['links', 'ln -sf /nonexistent/x new.json; ln -sf /nonexistent/y new.json.part'],
])(
  '%s that a check leaves in the way of its results do not keep them from being written',
  async (_what, leave) => {
    const running = start([
      checkSpec({ run: `test ! -e src.txt || { cd ${box.path('results')}; rm -f new.json*; ${leave}; }` }),
    ]);
    await baseWritten();
    writeExchange(box.path('sealed'), 'sealed-set.json', sealedSet([putEntry('src.txt', 'S1')], []));
    await running;
    expect(newWritten()).toMatchObject({ complete: true });
  },
);
