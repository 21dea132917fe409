/** Cells of a check from short words: what `verify` would have recorded. */
import type { CellResult, Side, TestResult } from '../../src/result/contract/cell.ts';
import { buildCell } from './change-set.ts';

/** `passed`, `failed` (by assertion), `error` (failed otherwise), `skipped`; with the test's file where it matters. */
export type TestWord = 'passed' | 'failed' | 'error' | 'skipped';

/** Tests by id; null is no readable report. */
export type TestWords = Readonly<Record<string, TestWord>> | null;

/** One cell with these tests; it exits 1 where a test failed. */
export function cellOf(
  source: Side,
  tests: Side,
  words: TestWords,
  overrides: Partial<CellResult> = {},
): CellResult {
  const results = words === null ? null : Object.entries(words).map(([id, word]) => testOf(id, word));
  const failed = results === null || results.some((test) => test.status === 'failed');
  return buildCell({
    source,
    tests,
    results,
    outcome: failed ? 'failed' : 'passed',
    exitCode: failed ? 1 : 0,
    ...overrides,
  });
}

/** The four cells of one check; those that are left out did not run. */
export function fourCells(cells: {
  readonly base?: TestWords;
  readonly own?: TestWords;
  readonly onBase?: TestWords;
  readonly head?: TestWords;
}): { base: CellResult[]; next: CellResult[] } {
  const made = (words: TestWords | undefined, source: Side, tests: Side): CellResult[] =>
    words === undefined ? [] : [cellOf(source, tests, words)];
  return {
    base: made(cells.base, 'base', 'base'),
    next: [
      ...made(cells.head, 'new', 'new'),
      ...made(cells.own, 'new', 'base'),
      ...made(cells.onBase, 'base', 'new'),
    ],
  };
}

function testOf(id: string, word: TestWord): TestResult {
  const isFailure = word === 'failed' || word === 'error';
  return {
    id,
    file: null,
    status: word === 'error' ? 'failed' : word,
    failure: isFailure
      ? { kind: word === 'failed' ? 'assertion' : 'error', message: `${word} here\nat line 2` }
      : null,
  };
}
