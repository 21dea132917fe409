/** A cell as it runs: how its check ends, what it starts from, and that nothing of it is there for the next. */
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CELL_FOLDER } from '../../../src/result/contract/layout.ts';
import type { CheckSpec } from '../../../src/result/contract/phase-spec.ts';
import { putEntry } from '../../builders/change-set.ts';
import { type CheckArguments, runCheck, tap } from '../../fixtures/run-check.ts';
import { LIMITS, type RunnerSandbox, runnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
beforeEach(() => {
  box = runnerSandbox();
});
afterEach(() => box.remove());

const TAP_OK = "printf '1..1\\nok 1 - adds\\n'";
const run = (...args: CheckArguments) => runCheck(box, ...args);

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
    return runCheck({ ...box, context: { ...box.context, layout } }, check);
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
