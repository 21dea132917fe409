/** The checks' part of a verdict: table columns, notes, proofs, totals and how many tests are broken. */

import { type CheckColour, colourCheck, executedAnything } from './colour-check.ts';
import { compareTests, type IsRemoved } from './compare-tests.ts';
import type { CheckSpec } from './contract/phase-spec.ts';
import { proveTests } from './prove-tests.ts';
import { type CellRuns, type CheckCells, cellsOf } from './test-runs.ts';
import type {
  CellSummary,
  CheckVerdict,
  Counts,
  ProofNote,
  TestChange,
  TestNote,
  Verdict,
} from './verdict.ts';

/** What the checks are judged from. */
export interface ChecksInput {
  readonly checks: readonly CheckSpec[];
  readonly cells: { readonly base: CellRuns; readonly next: CellRuns };
  /** True where the change set holds anything that counts as tests. */
  readonly testsChange: boolean;
  readonly isRemoved: IsRemoved;
}

/** The verdict's facts about checks, and what the conclusion is drawn from. */
export type JudgedChecks = Pick<Verdict, 'checks' | 'notes' | 'proofs' | 'brokenCount' | 'totals'> & {
  readonly colours: readonly CheckColour[];
  readonly executed: boolean;
};

/** Notes and proofs that a verdict keeps; the strictest changes stay. */
const MAX_NOTES = 500;
const BY_SEVERITY: readonly TestChange[] = [
  'broken',
  'gone',
  'flaky',
  'expectation-changed',
  'still-failing',
  'fixed',
  'new',
  'not-comparable',
];

/** Judges every check of the configuration; cells of other names are not looked at. */
export function judgeChecks(input: ChecksInput): JudgedChecks {
  const judged = input.checks.map((spec) => judgeCheck(spec, input));
  return {
    checks: judged.map(({ verdict }) => verdict),
    notes: mostSevere(judged.flatMap(({ notes }) => notes)),
    proofs: judged.flatMap(({ proofs }) => proofs).slice(0, MAX_NOTES),
    brokenCount: judged.reduce((total, { broken }) => total + broken, 0),
    totals: {
      base: totalOf(judged.map(({ verdict }) => verdict.base)),
      head: totalOf(judged.map(({ verdict }) => verdict.head)),
    },
    colours: judged.map(({ colour }) => colour),
    executed: judged.some(({ executed }) => executed),
  };
}

interface JudgedCheck {
  readonly verdict: CheckVerdict;
  readonly notes: readonly TestNote[];
  readonly proofs: readonly ProofNote[];
  readonly colour: CheckColour;
  readonly broken: number;
  readonly executed: boolean;
}

function judgeCheck(spec: CheckSpec, input: ChecksInput): JudgedCheck {
  const cells = cellsOf(spec.name, input.cells, input.testsChange);
  const isTests = spec.kind === 'tests';
  const notes = isTests ? compareTests({ check: spec.name, cells, isRemoved: input.isRemoved }) : [];
  const colour = colourCheck(spec, cells, notes);
  return {
    verdict: verdictOf(spec, cells),
    notes,
    proofs: isTests ? proveTests(spec.name, cells) : [],
    colour,
    broken: notes.filter(({ change }) => change === 'broken' || change === 'gone').length,
    executed: isTests && executedAnything(cells.head),
  };
}

function verdictOf(spec: CheckSpec, cells: CheckCells): CheckVerdict {
  return {
    check: spec.name,
    run: spec.run,
    kind: spec.kind,
    base: summaryOf(spec, cells.base),
    head: summaryOf(spec, cells.head),
    baseTests: summaryOf(spec, cells.baseTests),
  };
}

/** The first run's facts; re-runs only refine notes. */
function summaryOf(spec: CheckSpec, runs: CellRuns): CellSummary | null {
  const cell = runs[0];
  if (!cell) return null;
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const test of cell.results ?? []) counts[test.status] += 1;
  const hasCounts = spec.kind === 'tests' && cell.results !== null;
  return {
    outcome: cell.outcome,
    exitCode: cell.exitCode,
    limit: cell.limit,
    counts: hasCounts ? counts : null,
  };
}

function totalOf(summaries: readonly (CellSummary | null)[]): Counts | null {
  const all = summaries.flatMap((summary) => (summary?.counts ? [summary.counts] : []));
  if (all.length === 0) return null;
  return all.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }));
}

function mostSevere(notes: readonly TestNote[]): TestNote[] {
  const rank = (note: TestNote): number => BY_SEVERITY.indexOf(note.change);
  return [...notes].sort((a, b) => rank(a) - rank(b)).slice(0, MAX_NOTES);
}
