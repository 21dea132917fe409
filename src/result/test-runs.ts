/**
 * Cells by what they ran, and each run's tests by id. Base facts come from base cells only: what a new cell says about the
 * base is not looked at, since a change set may make its own cells say anything.
 */
import type { CellResult, Side, TestResult } from './contract/cell.ts';

/** All runs of one cell of one check, the first one first, re-runs after it; empty where it never ran. */
export type CellRuns = readonly CellResult[];

/** The four cells of one check. */
export interface CheckCells {
  /** Base source, base tests: from base cells only. */
  readonly base: CellRuns;
  /** New source, base tests. */
  readonly baseTests: CellRuns;
  /** Base source, new tests. */
  readonly newTests: CellRuns;
  /** New source, new tests. */
  readonly head: CellRuns;
}

/** One id in one run; parametrised tests may share an id, so there are counts. */
export interface TestTally {
  readonly file: string | null;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failure: TestResult['failure'];
}

/** The tests of one readable run, by id. */
export type RunTests = ReadonlyMap<string, TestTally>;

/** What a test did over all readable runs of a cell; `gone` is absent, skipped, or fewer of them than expected. */
export type TestStatus = 'passed' | 'failed' | 'flaky' | 'gone';

/** Sorts cells to their places. Without a change on the tests' side both cells with new source ran the same files. */
export function cellsOf(
  check: string,
  cells: { readonly base: CellRuns; readonly next: CellRuns },
  testsChange: boolean,
): CheckCells {
  const place = (from: CellRuns, source: Side, tests: Side): CellResult[] =>
    from.filter((cell) => cell.check === check && cell.source === source && cell.tests === tests);
  const base = place(cells.base, 'base', 'base');
  const baseTests = place(cells.next, 'new', 'base');
  const newTests = place(cells.next, 'base', 'new');
  const head = place(cells.next, 'new', 'new');
  if (testsChange) return { base, baseTests, newTests, head };
  const same = [...head, ...baseTests];
  return { base, baseTests: same, newTests, head: same };
}

/** The runs' reports, one map per run; an inert run without a report holds no tests, others without one are left out. */
export function readableRuns(runs: CellRuns): RunTests[] {
  return runs.flatMap((cell) => {
    const results = cell.results ?? (cell.outcome === 'inert' ? [] : null);
    return results === null ? [] : [talliesOf(results)];
  });
}

/** All test ids of some runs, sorted by code unit. */
export function idsOf(runs: readonly RunTests[]): string[] {
  return [...new Set(runs.flatMap((run) => [...run.keys()]))].sort();
}

/** A test's status over runs; `expected` is how many instances must have run for `passed`. */
export function statusOver(runs: readonly RunTests[], id: string, expected = 1): TestStatus {
  const statuses = new Set(runs.map((run) => statusIn(run.get(id), expected)));
  if (statuses.size > 1) return 'flaky';
  const [only = 'gone'] = statuses;
  return only;
}

function statusIn(tally: TestTally | undefined, expected: number): TestStatus {
  if (!tally) return 'gone';
  if (tally.failed > 0) return 'failed';
  return tally.passed > 0 && tally.passed >= expected ? 'passed' : 'gone';
}

function talliesOf(results: readonly TestResult[]): RunTests {
  const tallies = new Map<string, TestTally>();
  for (const result of results) {
    const known = tallies.get(result.id) ?? { file: null, passed: 0, failed: 0, skipped: 0, failure: null };
    tallies.set(result.id, {
      ...known,
      file: known.file ?? result.file,
      failure: known.failure ?? result.failure,
      [result.status]: known[result.status] + 1,
    });
  }
  return tallies;
}
