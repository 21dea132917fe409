/** Design 6's table for one test, in full: base × head × the base's own tests on the new source × taken out. */
import { describe, expect, test } from 'vitest';
import { compareTests } from '../../src/result/compare-tests.ts';
import { proveTests } from '../../src/result/prove-tests.ts';
import { cellsOf } from '../../src/result/test-runs.ts';
import { cellOf, fourCells, type TestWord } from '../builders/cells.ts';

type Word = TestWord | 'absent';

const tests = (word: Word) =>
  word === 'absent' ? { other: 'passed' as const } : { other: 'passed' as const, a: word };

/** What becomes of test `a`; `-` is nothing to say. */
function change(base: Word, head: Word, own: Word, isRemoved: boolean): string {
  const cells = fourCells({ base: tests(base), head: tests(head), own: tests(own) });
  const notes = compareTests({
    check: 'npm test',
    cells: cellsOf('npm test', cells, true),
    isRemoved: () => isRemoved,
  });
  return notes.find((note) => note.id === 'a')?.change ?? '-';
}

describe('one test over the four cells', () => {
  // base, head, own: gone by itself / taken out by the change set
  test.each([
    ['passed', 'passed', 'passed', '-', '-'],
    ['passed', 'passed', 'failed', 'expectation-changed', 'expectation-changed'],
    ['passed', 'passed', 'error', 'expectation-changed', 'expectation-changed'],
    ['passed', 'passed', 'skipped', 'expectation-changed', 'expectation-changed'],
    ['passed', 'passed', 'absent', 'expectation-changed', 'expectation-changed'],
    ['passed', 'failed', 'passed', 'broken', 'broken'],
    ['passed', 'failed', 'failed', 'broken', 'broken'],
    ['passed', 'failed', 'absent', 'broken', 'broken'],
    ['passed', 'error', 'passed', 'broken', 'broken'],
    ['passed', 'error', 'error', 'broken', 'broken'],
    ['passed', 'absent', 'passed', 'gone', 'expectation-changed'],
    ['passed', 'absent', 'failed', 'gone', 'expectation-changed'],
    ['passed', 'absent', 'absent', 'gone', 'expectation-changed'],
    ['passed', 'skipped', 'passed', 'gone', 'expectation-changed'],
    ['passed', 'skipped', 'failed', 'gone', 'expectation-changed'],
    ['failed', 'passed', 'passed', 'fixed', 'fixed'],
    ['failed', 'passed', 'failed', 'fixed', 'fixed'],
    ['error', 'passed', 'passed', 'fixed', 'fixed'],
    ['failed', 'failed', 'failed', 'still-failing', 'still-failing'],
    ['failed', 'error', 'failed', 'still-failing', 'still-failing'],
    ['failed', 'absent', 'failed', 'gone', 'expectation-changed'],
    ['failed', 'skipped', 'failed', 'gone', 'expectation-changed'],
    ['skipped', 'passed', 'skipped', '-', '-'],
    ['skipped', 'failed', 'skipped', 'new', 'new'],
    ['skipped', 'skipped', 'skipped', '-', '-'],
    ['skipped', 'absent', 'absent', '-', '-'],
    ['absent', 'passed', 'absent', 'new', 'new'],
    ['absent', 'failed', 'absent', 'new', 'new'],
    ['absent', 'error', 'absent', 'new', 'new'],
    ['absent', 'skipped', 'absent', 'new', 'new'],
  ] satisfies [Word, Word, Word, string, string][])(
    '%s on base, %s at head, %s as the base wrote it: %s (%s where taken out)',
    (base, head, own, plain, edited) => {
      expect([change(base, head, own, false), change(base, head, own, true)]).toEqual([plain, edited]);
    },
  );

  test('without a change on the tests side both new cells are runs of the same files: two answers are flaky, never passed', () => {
    const isRemoved = (): boolean => false;
    const notes = (head: Word, own: Word) => {
      const cells = fourCells({ base: tests('passed'), head: tests(head), own: tests(own) });
      return compareTests({ check: 'npm test', cells: cellsOf('npm test', cells, false), isRemoved }).map(
        (note) => note.change,
      );
    };
    expect(notes('failed', 'passed')).toEqual(['flaky']);
    expect(notes('passed', 'failed')).toEqual(['flaky']);
    expect(notes('failed', 'failed')).toEqual(['broken']);
    expect(notes('passed', 'passed')).toEqual([]);
  });

  test('a re-run of the head cell turns broken into flaky', () => {
    const cells = fourCells({ base: tests('passed'), head: tests('failed'), own: tests('passed') });
    const next = [...cells.next, cellOf('new', 'new', tests('passed'))];
    const notes = compareTests({
      check: 'npm test',
      cells: cellsOf('npm test', { ...cells, next }, true),
      isRemoved: () => false,
    });
    expect(notes).toEqual([expect.objectContaining({ id: 'a', change: 'flaky', firstLine: 'failed here' })]);
  });

  test('one of two tests that share a name cannot vanish unseen', () => {
    const twice = cellOf('base', 'base', { a: 'passed' });
    const both = { ...twice, results: [...(twice.results ?? []), ...(twice.results ?? [])] };
    const cells = {
      base: [both],
      next: [cellOf('new', 'new', { a: 'passed' }), cellOf('new', 'base', { a: 'passed' })],
    };
    const notes = compareTests({
      check: 'npm test',
      cells: cellsOf('npm test', cells, true),
      isRemoved: () => false,
    });
    expect(notes).toEqual([expect.objectContaining({ id: 'a', change: 'gone' })]);
  });

  test.each([
    [
      'the base has no readable report',
      { base: null, head: tests('passed'), own: tests('passed') },
      ['not-comparable', 'not-comparable'],
    ],
    [
      "the base's own tests did not report on the new source",
      { base: tests('passed'), head: tests('passed'), own: null },
      ['not-comparable', 'not-comparable'],
    ],
    [
      "the base's own tests were not run on the new source",
      { base: tests('passed'), head: tests('passed') },
      ['not-comparable', 'not-comparable'],
    ],
    [
      'the head has no readable report',
      { base: tests('passed'), head: null, own: tests('passed') },
      ['gone', 'gone'],
    ],
  ])('%s', (_what, cells, changes) => {
    const notes = compareTests({
      check: 'npm test',
      cells: cellsOf('npm test', fourCells(cells), true),
      isRemoved: () => false,
    });
    expect(notes.map((note) => note.change)).toEqual(changes);
  });
});

describe('proof', () => {
  const prove = (base: Word, onBase: Word | null, head: Word) =>
    proveTests(
      'npm test',
      cellsOf(
        'npm test',
        fourCells({ base: tests(base), onBase: onBase === null ? null : tests(onBase), head: tests(head) }),
        true,
      ),
    ).map(({ onBase: how, proof }) => [how, proof]);

  test.each([
    [
      'a new test that fails by assertion on the base source',
      'absent',
      'failed',
      'passed',
      [['fails-by-assertion', true]],
    ],
    ['one that fails there otherwise', 'absent', 'error', 'passed', [['fails-otherwise', false]]],
    ['one that passes there', 'absent', 'passed', 'passed', [['passes', false]]],
    ['one that does not run there', 'absent', 'absent', 'passed', [['absent', false]]],
    ['one that is skipped there', 'absent', 'skipped', 'passed', [['absent', false]]],
    ['one whose file does not compile there', 'absent', null, 'passed', [['not-comparable', false]]],
    ['one that fails at head as well', 'absent', 'failed', 'failed', [['fails-by-assertion', false]]],
    ['one that is skipped at head', 'absent', 'failed', 'skipped', [['fails-by-assertion', false]]],
    [
      'a changed test that fails by assertion on the base source',
      'passed',
      'failed',
      'passed',
      [['fails-by-assertion', true]],
    ],
    ['a base test that still passes there', 'passed', 'passed', 'passed', []],
    ['a base test that is fixed', 'failed', 'failed', 'passed', []],
  ] satisfies [string, Word, Word | null, Word, unknown[]][])('%s', (_what, base, onBase, head, expected) => {
    expect(prove(base, onBase, head)).toEqual(expected);
  });

  test('a test that fails only sometimes on the base source is no proof', () => {
    const cells = fourCells({ base: tests('absent'), onBase: tests('failed'), head: tests('passed') });
    const next = [...cells.next, cellOf('base', 'new', tests('passed'))];
    expect(proveTests('npm test', cellsOf('npm test', { ...cells, next }, true))).toEqual([
      expect.objectContaining({ id: 'a', onBase: 'passes', proof: false }),
    ]);
  });
});
