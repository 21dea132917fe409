/** Which report of a check counts: one that the check itself wrote, whole, in its place; none that was brought, left or forged. */
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { putEntry } from '../../builders/change-set.ts';
import { type CheckArguments, runCheck, tap } from '../../fixtures/run-check.ts';
import { type RunnerSandbox, runnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
beforeEach(() => {
  box = runnerSandbox();
});
afterEach(() => box.remove());
const run = (...args: CheckArguments) => runCheck(box, ...args);

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
