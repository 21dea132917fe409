import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChangeEntry } from '../../../src/result/contract/change-set.ts';
import { CELL_FOLDER } from '../../../src/result/contract/layout.ts';
import type { CheckSpec } from '../../../src/result/contract/phase-spec.ts';
import { runCell } from '../../../src/runner/verify/run-cell.ts';
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

const TAP_OK = "printf '1..1\\nok 1 - adds\\n'";

function run(check: Partial<CheckSpec>, entries: readonly ChangeEntry[] = [], limits = LIMITS) {
  const place = { prepared: box.path('prepared'), scratch: box.path('scratch'), limits };
  return runCell(box.context, place, { check: checkSpec(check), source: 'base', tests: 'base', entries });
}

const tap = (path: string) => ({ kind: 'tests', report: { format: 'tap', path } }) as const;

describe('outcomes', () => {
  test.each([
    ['a command that exits 0', { run: 'true' }, 'passed', 0],
    ['a command that exits 3', { run: 'exit 3' }, 'failed', 3],
    ['tests on standard output', { run: TAP_OK, ...tap('-') }, 'passed', 0],
    [
      'a failed test though the command exits 0',
      { run: "printf '1..1\\nnot ok 1 - adds\\n'", ...tap('-') },
      'failed',
      0,
    ],
    ['tests that pass though the command exits 1', { run: `${TAP_OK}; exit 1`, ...tap('-') }, 'failed', 1],
    ['no report and exit 0: nothing ran', { run: 'true', ...tap('report.tap') }, 'inert', 0],
    ['no report and exit 1', { run: 'exit 1', ...tap('report.tap') }, 'failed', 1],
    ['no tests', { run: "echo '1..0'", ...tap('-') }, 'inert', 0],
    ['only skipped tests', { run: "printf '1..1\\nok 1 - a # SKIP\\n'", ...tap('-') }, 'inert', 0],
    ['no such command', { run: 'no-such-runner', ...tap('-') }, 'inert', 127],
    ['a command check whose command is missing', { run: 'no-such-runner' }, 'failed', 127],
    ['time', { run: 'sleep 60', timeoutMs: 1_000 }, 'timed-out', null],
  ] as const)('%s', async (_name, check, outcome, exitCode) => {
    expect(await run(check)).toMatchObject({ outcome, exitCode });
  });

  test('output beyond the limit ends the check, and says which limit', async () => {
    const cell = await run({ run: 'yes' }, [], { ...LIMITS, outputBytes: 100_000 });
    expect(cell).toMatchObject({ outcome: 'killed', limit: 'output' });
    expect(cell.output.head.length + cell.output.tail.length).toBeLessThan(80_000);
    expect(cell.output.totalBytes).toBeGreaterThan(100_000);
  });

  test('the change set is laid over a copy; prepared keeps its bytes', async () => {
    writeFiles(box.path('prepared'), { 'a.txt': 'base' });
    expect(
      (await run({ run: 'cat a.txt; echo spoiled > a.txt' }, [putEntry('a.txt', 'new')])).output.head,
    ).toBe('new');
    expect(readFileSync(box.path('prepared/a.txt'), 'utf8')).toBe('base');
    expect(existsSync(box.path('scratch', CELL_FOLDER))).toBe(false);
  });

  test('folders that were made read-only do not stop the next cell', async () => {
    writeFiles(box.path('prepared'), { 'ro/a.txt': 'x' });
    chmodSync(box.path('prepared/ro'), 0o555);
    expect((await run({ run: 'mkdir -p b/c; touch b/c/d; chmod 555 b/c b' })).outcome).toBe('passed');
    expect((await run({ run: 'true' })).outcome).toBe('passed');
    chmodSync(box.path('prepared/ro'), 0o755);
  });
});

describe('a forged report', () => {
  const forged = '1..2\nok 1 - adds\nok 2 - invented\n';

  test('one that the change set brings along does not count', async () => {
    const cell = await run({ run: 'true', ...tap('out/report.tap') }, [putEntry('out/report.tap', forged)]);
    expect(cell).toMatchObject({ outcome: 'inert', results: null });
  });

  test('one of the change set that the check leaves in place after recreating it is named', async () => {
    const cell = await run({ run: `printf '${forged}' > report.tap`, ...tap('report.tap') }, [
      putEntry('report.tap', forged),
    ]);
    expect(cell).toMatchObject({
      outcome: 'failed',
      reportProblem: expect.stringContaining('part of the change set'),
    });
  });

  test.each([
    ['moved to its place', 'mv forged.tap report.tap', 'older than the check'],
    ['linked hard', 'ln forged.tap report.tap', 'hard link'],
    ['linked softly', 'ln -s forged.tap report.tap', 'cannot be read (ELOOP)'],
    ['behind a linked folder', 'rm -r out; ln -s elsewhere out', 'behind a link', 'out/report.tap'],
    ['a FIFO, which would block a reader', 'mkfifo report.tap', 'not a regular file'],
    ['a folder', 'mkdir report.tap', 'not a regular file'],
  ])('one that is %s does not count', async (_name, command, problem, path = 'report.tap') => {
    writeFiles(box.path('prepared'), { 'elsewhere/report.tap': forged, 'out/x': '' });
    const cell = await run({ run: command, ...tap(path) }, [putEntry('forged.tap', forged)]);
    expect(cell).toMatchObject({
      outcome: 'failed',
      results: null,
      reportProblem: expect.stringContaining(problem),
    });
  });

  test('counter-test: the same bytes written by the check itself count', async () => {
    const cell = await run({ run: 'cat forged.tap > report.tap', ...tap('report.tap') }, [
      putEntry('forged.tap', forged),
    ]);
    expect(cell).toMatchObject({ outcome: 'passed', reportProblem: null });
  });

  test('a path that leaves the workspace is refused', async () => {
    writeFiles(box.root, { 'outside.tap': forged });
    const cell = await run({ run: 'true', ...tap('../../outside.tap') });
    expect(cell.results).toBeNull();
    expect(existsSync(box.path('outside.tap'))).toBe(true);
  });
});

describe('a report left by an earlier check', () => {
  test('one that setup or an earlier cell left is deleted first', async () => {
    writeFiles(box.path('prepared'), { 'report.tap': '1..1\nok 1 - old\n' });
    expect(await run({ run: 'true', ...tap('report.tap') })).toMatchObject({
      outcome: 'inert',
      results: null,
    });
  });

  test('counter-test: without deletion the old file would be read', async () => {
    writeFiles(box.path('prepared'), { 'report.tap': '1..1\nok 1 - old\n' });
    expect(
      (await run({ run: 'cat report.tap || true; exit 0', ...tap('report.tap') })).output.head,
    ).not.toContain('old');
    expect((await run({ run: 'cat report.tap' })).output.head).toContain('ok 1 - old');
  });

  test('a file in the shared temporary folder does not reach the next cell', async () => {
    await run({ run: `echo '1..1' > "$TMPDIR/left"` });
    expect((await run({ run: `cat "$TMPDIR/left"` })).outcome).toBe('failed');
  });
});

describe('a test that ends the process with 0', () => {
  test('a stream without its plan fails, whatever the exit code says', async () => {
    const cell = await run({ run: "printf 'TAP version 13\\nok 1 - adds\\n'; exit 0", ...tap('-') });
    expect(cell).toMatchObject({
      outcome: 'failed',
      exitCode: 0,
      reportProblem: expect.stringContaining('without a plan'),
    });
  });

  test('half a JUnit report fails', async () => {
    const run0 = 'printf \'<testsuites><testsuite name="s"><testcase name="a"/>\' > r.xml';
    const cell = await run({ run: run0, kind: 'tests', report: { format: 'junit', path: 'r.xml' } });
    expect(cell).toMatchObject({ outcome: 'failed', exitCode: 0 });
  });

  test("node's own runner: process.exit(0) in a test does not pass", async () => {
    const file =
      "import { test } from 'node:test';\ntest('quits', () => process.exit(0));\ntest('never', () => { throw new Error(); });\n";
    const command = `${process.execPath} --test --test-isolation=none --test-reporter=tap a.test.mjs`;
    const cell = await run({ run: command, ...tap('-') }, [putEntry('a.test.mjs', file)]);
    expect(cell.exitCode).toBe(0);
    expect(cell.outcome).not.toBe('passed');
  });
});

describe('survivors and ports', () => {
  const server = (port: string) =>
    `require('net').createServer(s => s.end('old')).listen(${port}, '127.0.0.1', function () { require('fs').writeFileSync('port', String(this.address().port)); })`;
  const start = (how: string, port = '0') =>
    `${how} ${process.execPath} -e "${server(port)}" >/dev/null 2>&1 & while [ ! -s port ]; do sleep 0.02; done; cat port`;

  test.each([
    ['in the background', ''],
    ['in a session of its own', 'setsid'],
    ['with an empty environment', 'env -i'],
    ['that ignores SIGTERM', "trap '' TERM;"],
  ])('a server left %s is gone, and its port is free for the next cell', async (_name, how) => {
    const port = (await run({ run: start(how) })).output.head.trim();
    expect(port).toMatch(/^\d+$/);
    const next = await run({ run: start('', port) });
    expect(next).toMatchObject({ outcome: 'passed', output: { head: port } });
  });

  test('a survivor cannot write into the next cell', async () => {
    const writer = `setsid sh -c 'while :; do echo "1..1\nok 1 - forged" > report.tap; done' >/dev/null 2>&1 & sleep 0.1`;
    await run({ run: writer });
    expect(await run({ run: 'sleep 0.2', ...tap('report.tap') })).toMatchObject({
      outcome: 'inert',
      results: null,
    });
  });

  test('counter-test: a writer that lives beside the check does forge its report', async () => {
    const forged = `printf '1..1\\nok 1 - forged\\n' > report.tap`;
    expect(await run({ run: `sh -c "${forged}" & wait`, ...tap('report.tap') })).toMatchObject({
      outcome: 'passed',
    });
  });
});

test('checks inherit nothing of ours: their environment is built from nothing', async () => {
  process.env['GLOVEBOX_TEST_LEAK'] = 'leaked';
  try {
    const { output } = await run({ run: 'env; cat /proc/self/environ' });
    expect(output.head).not.toContain('leaked');
    expect(output.head).toContain(`HOME=${box.path('home')}`);
  } finally {
    delete process.env['GLOVEBOX_TEST_LEAK'];
  }
});

describe('HOME', () => {
  const inPod = (check: Partial<CheckSpec>) => {
    const layout = { ...box.layout, home: box.path('scratch/home'), homeSource: box.path('prepared-home') };
    const place = { prepared: box.path('prepared'), scratch: box.path('scratch'), limits: LIMITS };
    const cell = { check: checkSpec(check), source: 'base', tests: 'base', entries: [] } as const;
    return runCell({ ...box.context, layout }, place, cell);
  };
  const look = { run: 'cat "$HOME/of-setup"; ls "$HOME"; echo mine > "$HOME/of-cell"' };

  test('is in each cell as setup left it, and nothing of an earlier cell is in it', async () => {
    writeFiles(box.path('prepared-home'), { 'of-setup': 'setup\n' });
    const heads = [await inPod(look), await inPod(look)].map((cell) => cell.output.head);
    expect(heads).toEqual(['setup\nof-setup\n', 'setup\nof-setup\n']);
    expect(existsSync(box.path('prepared-home/of-cell'))).toBe(false);
  });

  test('is empty where setup was left out', async () => {
    expect((await inPod({ run: 'ls "$HOME"' })).output.head).toBe('');
  });

  test('counter-test: where it is one folder for all, a cell sees what an earlier one left', async () => {
    await run({ run: 'echo mine > "$HOME/of-cell"' });
    expect((await run({ run: 'ls "$HOME"' })).output.head).toBe('of-cell\n');
  });
});

test('nothing that a cell left beside its workspace is there for the next, nor in its way', async () => {
  const leave = 'mkdir -p ../.glovebox-clock-probe/x ../locked/x; chmod 0 ../locked; touch ../left';
  expect((await run({ run: leave })).outcome).toBe('passed');
  expect((await run({ run: 'ls -A ..' })).output.head).toBe('repo\n');
});
