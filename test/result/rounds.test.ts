/** Which round is published, whether one follows, and what the next one is told. */
import { describe, expect, test } from 'vitest';
import { chooseRound } from '../../src/result/choose-round.ts';
import type { CellResult } from '../../src/result/contract/cell.ts';
import { UntrustedBlock } from '../../src/result/contract/phase-spec.ts';
import { failingOutput, wantsAnotherRound } from '../../src/result/next-round.ts';
import type { Verdict } from '../../src/result/verdict.ts';
import { cellOf } from '../builders/cells.ts';
import { buildVerdict } from '../builders/verdict.ts';

const failing = (brokenCount: number): Partial<Verdict> => ({
  conclusion: 'failure',
  reason: 'checks-failed',
  brokenCount,
});
const empty: Partial<Verdict> = { conclusion: 'failure', reason: 'change-empty', empty: true, blocked: true };
const blocked: Partial<Verdict> = { conclusion: 'failure', reason: 'secret-found', blocked: true };

describe('chooseRound', () => {
  test.each([
    ['the fewest broken', [failing(2), failing(1), failing(3)], 2],
    ['the latest of equals', [failing(1), failing(1), failing(2)], 2],
    ['the last one that is green', [failing(1), {}], 2],
    ['one with broken tests before an empty one', [failing(5), empty], 1],
    ['one with broken tests before a blocked one', [failing(5), blocked], 1],
    ['a blocked one before an empty one', [blocked, empty], 1],
    ['an empty one only where all are', [empty, empty], 2],
  ] satisfies [string, Partial<Verdict>[], number][])('takes %s', (_what, verdicts, expected) => {
    const rounds = verdicts.map((overrides, index) => ({
      number: index + 1,
      verdict: buildVerdict(overrides),
    }));
    expect(chooseRound(rounds)?.number).toBe(expected);
  });

  test('takes none of none', () => {
    expect(chooseRound([])).toBeNull();
  });
});

describe('wantsAnotherRound', () => {
  test.each([
    ['checks fail that do not on the base', failing(1), true],
    ['a check without tests got worse', failing(0), true],
    ['all is green', {}, false],
    [
      'a human is asked, or it fails on the base alike',
      { conclusion: 'neutral', reason: 'asks-human' },
      false,
    ],
    ['nothing was verified', { conclusion: 'failure', reason: 'nothing-verified' }, false],
    ['nothing changed', empty, false],
    ['a gate blocks', { ...failing(1), blocked: true }, false],
  ] satisfies [string, Partial<Verdict>, boolean][])('where %s: %s', (_what, overrides, expected) => {
    expect(wantsAnotherRound(buildVerdict(overrides))).toBe(expected);
  });
});

describe('failingOutput', () => {
  const verdict = buildVerdict({
    ...failing(1),
    notes: [
      {
        check: 'npm test',
        id: 'format › keeps 90 minutes',
        file: null,
        change: 'broken',
        firstLine: 'expected "90m"',
      },
    ],
  });
  const head = (overrides: Partial<CellResult>): CellResult =>
    cellOf('new', 'new', { a: 'failed' }, overrides);
  const output = (text: string) => ({ head: text, tail: '', totalBytes: Buffer.byteLength(text) });

  test('names the broken tests, how the command ended, and what it printed', () => {
    expect(failingOutput(verdict, [head({ output: output('not ok 1\n') })])).toEqual([
      {
        label: 'output of the check npm test',
        text: 'npm test: failed, exit 1\n- broken: format › keeps 90 minutes (expected "90m")\n\nnot ok 1\n',
      },
    ]);
  });

  test('keeps the end of a long output, with a note of what it is', () => {
    const long = { head: 'h'.repeat(40_000), tail: `${'t'.repeat(39_990)}THE END`, totalBytes: 1_000_000 };
    const [block] = failingOutput(verdict, [head({ output: long })]);
    expect(block?.text).toContain('(the last 12000 characters of 1000000 bytes)');
    expect(block?.text.endsWith('THE END')).toBe(true);
    expect(UntrustedBlock.parse(block)).toEqual(block);
  });

  test('stays bounded for thousands of broken tests with long names', () => {
    const notes = Array.from({ length: 5_000 }, (_, index) => ({
      check: 'npm test',
      id: `${'n'.repeat(490)} ${index}`,
      file: null,
      change: 'broken' as const,
      firstLine: 'x'.repeat(300),
    }));
    const [block] = failingOutput({ ...verdict, notes }, [head({})]);
    expect(block?.text).toContain('- and 4970 more');
    expect(UntrustedBlock.parse(block)).toEqual(block);
  });

  test("falls back to the base's own tests on the new source, and says nothing of what passed or ran on the base source", () => {
    const passed = cellOf('new', 'new', { a: 'passed' });
    const own = cellOf('new', 'base', { a: 'failed' }, { output: output('own') });
    const onBase = cellOf('base', 'new', { a: 'failed' }, { output: output('proof') });
    expect(failingOutput(verdict, [passed, own, onBase]).map((block) => block.text.includes('own'))).toEqual([
      true,
    ]);
    expect(failingOutput(verdict, [passed, onBase])).toEqual([]);
  });
});
