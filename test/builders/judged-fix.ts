/** A small fix with its test, the cells that such a fix leaves, and the verdict on it or on what differs from it. */
import type { CellResult } from '../../src/result/contract/cell.ts';
import { type JudgeInput, judge } from '../../src/result/judge.ts';
import type { Verdict } from '../../src/result/verdict.ts';
import { buildAttemptConfig } from './attempt-config.ts';
import { type BundleSpec, buildBundle } from './bundle.ts';
import { fourCells, type TestWords } from './cells.ts';

/** The fix: one source file, one test more. */
export const fix: BundleSpec = {
  base: { 'src/parse.ts': 'old\n', 'test/parse.test.ts': "it('reads 1h', () => expect(1).toBe(1));\n" },
  put: {
    'src/parse.ts': 'new\nmore\n',
    'test/parse.test.ts':
      "it('reads 1h', () => expect(1).toBe(1));\nit('reads 1h30m', () => expect(2).toBe(2));\n",
  },
};
/** Tests of the base. */
export const before: TestWords = { 'reads 1h': 'passed' };
/** Tests with the fix. */
export const after: TestWords = { 'reads 1h': 'passed', 'reads 1h30m': 'passed' };
/** All cells of the fix, as they should be. */
export const green = fourCells({
  base: before,
  own: before,
  onBase: { ...after, 'reads 1h30m': 'failed' },
  head: after,
});

/** The verdict on a bundle; of the default configuration unless overridden. */
export function judged(
  spec: BundleSpec,
  cells: { base: CellResult[]; next: CellResult[] } = green,
  overrides: Partial<JudgeInput> = {},
): Verdict {
  const config = buildAttemptConfig();
  return judge({ config, ...buildBundle(spec), baseCells: cells.base, newCells: cells.next, ...overrides })
    .verdict;
}
