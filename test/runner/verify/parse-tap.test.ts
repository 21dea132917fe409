import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseTap } from '../../../src/runner/verify/parse-tap.ts';

function outline(text: string) {
  const read = parseTap(text);
  if ('problem' in read) return read.problem;
  return read.tests.map((one) => [one.path.join(' › '), one.status, one.failure?.kind ?? null]);
}

test.each([
  [
    'flat TAP 13',
    'TAP version 13\n1..2\nok 1 - adds\nnot ok 2 - subtracts\n',
    [
      ['adds', 'passed', null],
      ['subtracts', 'failed', 'assertion'],
    ],
  ],
  ['a plan at the end', 'ok 1 - adds\n1..1\n', [['adds', 'passed', null]]],
  [
    'skip and todo',
    '1..2\nok 1 - a # SKIP later\nnot ok 2 - b # TODO\n',
    [
      ['a', 'skipped', null],
      ['b', 'skipped', null],
    ],
  ],
  ['noise between lines', 'hello\n1..1\nconsole.log\nok 1 - a\n', [['a', 'passed', null]]],
  ['nothing at all', '', 'the TAP stream ended without a plan'],
  ['no plan', 'ok 1 - a\n', 'the TAP stream ended without a plan'],
  ['fewer than planned', '1..3\nok 1 - a\n', 'the TAP stream planned 3 tests and reported 1'],
  ['more than planned', '1..1\nok 1 - a\nok 2 - b\n', 'the TAP stream planned 1 tests and reported 2'],
  ['bail out', '1..2\nok 1 - a\nBail out! no database\n', 'the TAP stream bailed out: no database'],
  ['an empty plan', '1..0 # SKIP nothing here\n', []],
  [
    'TAP 14 subtests, whose closing lines are not tests of their own',
    'TAP version 14\n# Subtest: suite\n    ok 1 - a\n    not ok 2 - b\n    1..2\nnot ok 1 - suite\n1..1\n',
    [
      ['suite › a', 'passed', null],
      ['suite › b', 'failed', 'assertion'],
    ],
  ],
  [
    'a suite that fails though its children pass (a hook threw)',
    'TAP version 14\n# Subtest: suite\n    ok 1 - a\n    1..1\nnot ok 1 - suite\n1..1\n',
    [
      ['suite › a', 'passed', null],
      ['suite', 'failed', 'assertion'],
    ],
  ],
])('reads %s', (_name, text, expected) => {
  expect(outline(text)).toEqual(expected);
});

test('tells an assertion from an error by the diagnostics', () => {
  const yaml = (lines: string) => `1..1\nnot ok 1 - a\n  ---\n${lines}\n  ...\n`;
  expect(
    outline(yaml("  error: 'x is not a function'\n  code: 'ERR_TEST_FAILURE'\n  name: 'TypeError'")),
  ).toEqual([['a', 'failed', 'error']]);
  expect(outline(yaml("  error: 'two'\n  code: 'ERR_ASSERTION'\n  name: 'AssertionError'"))).toEqual([
    ['a', 'failed', 'assertion'],
  ]);
  expect(outline(yaml('  expected: 1\n  actual: 2'))).toEqual([['a', 'failed', 'assertion']]);
});

const HOSTILE = {
  'subtests nested without end': `${Array.from({ length: 200 }, (_, depth) => `${' '.repeat(4 * depth)}# Subtest: s\n`).join('')}1..1\n`,
  'YAML that names a function':
    '1..1\nnot ok 1 - a\n  ---\n  error: !!js/function "function(){process.exit(0)}"\n  ...\n',
  'YAML with an alias bomb': `1..1\nnot ok 1 - a\n  ---\n  a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, index) => `  ${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`)
    .join('\n')}\n  ...\n`,
  'a line of a million characters': `1..1\nok 1 - ${'x'.repeat(1_000_000)}\n`,
  'binary bytes': Buffer.from(Array.from({ length: 4_096 }, (_, at) => at % 256)).toString('latin1'),
  'a negative plan': '1..-5\nok 1 - a\n',
  'a giant plan': '1..99999999999999999999\nok 1 - a\n',
};

test.each(Object.entries(HOSTILE))('survives %s', (_name, text) => {
  const read = parseTap(text);
  expect('problem' in read || read.tests.length <= 2).toBe(true);
});

function runNode(file: string): Promise<string> {
  return new Promise((resolve) => {
    const args = ['--test', '--test-reporter=tap', file];
    execFile(process.execPath, args, { env: { PATH: process.env['PATH'] } }, (_error, stdout) =>
      resolve(stdout),
    );
  });
}

test("reads what node's own runner writes: nested suites, kinds of failure, skips", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tap-'));
  const file = join(folder, 'a.test.mjs');
  writeFileSync(
    file,
    `import { describe, test } from 'node:test'; import assert from 'node:assert';
     describe('outer', () => { describe('inner', () => { test('deep', () => {}); test('wrong', () => assert.equal(1, 2)); });
       test('throws', () => { undefined.x; }); test.skip('later', () => {}); });
     test('flat', () => {});`,
  );
  try {
    expect(outline(await runNode(file))).toEqual([
      ['outer › inner › deep', 'passed', null],
      ['outer › inner › wrong', 'failed', 'assertion'],
      ['outer › throws', 'failed', 'error'],
      ['outer › later', 'skipped', null],
      ['flat', 'passed', null],
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
