/**
 * One check's colour. Exit codes and outcomes come from the cells, what is "alike" from the base's own cell; the order of
 * the rules is the order of severity.
 */

import type { CheckSpec } from './contract/phase-spec.ts';
import { type CellRuns, type CheckCells, idsOf, readableRuns, statusOver } from './test-runs.ts';
import type { TestNote } from './verdict.ts';

/**
 * `green`: exit code 0, nothing broken or gone. `alike`: fails as it does on the base. `worse`: it does not.
 * `unverified`: nothing executed, or nothing to compare with.
 */
export type CheckColour = 'green' | 'alike' | 'worse' | 'unverified';

/** Colours one check; `notes` are its own. */
export function colourCheck(
  spec: Pick<CheckSpec, 'kind'>,
  cells: CheckCells,
  notes: readonly TestNote[],
): CheckColour {
  if (notes.some((note) => note.change === 'broken' || note.change === 'gone')) return 'worse';
  if (cells.head.length === 0 || cells.base.length === 0) return 'unverified';
  if (isInert(spec, cells.head)) return isInert(spec, cells.base) ? 'unverified' : 'worse';
  if (hasPassed(cells.head)) return 'green';
  return failsAlike(cells) ? 'alike' : 'worse';
}

/** A `tests` check that executed no test, whatever it exited with. */
function isInert(spec: Pick<CheckSpec, 'kind'>, runs: CellRuns): boolean {
  return spec.kind === 'tests' && !executedAnything(runs);
}

/** True when every run passed with exit code 0 and reports no failed test. */
export function hasPassed(runs: CellRuns): boolean {
  const isClean = (cell: CellRuns[number]): boolean =>
    cell.outcome === 'passed' &&
    cell.exitCode === 0 &&
    !cell.results?.some((test) => test.status === 'failed');
  return runs.length > 0 && runs.every(isClean);
}

/** At least one test ran to an end; `tests` checks only. */
export function executedAnything(runs: CellRuns): boolean {
  return runs.some((cell) => cell.results?.some((test) => test.status !== 'skipped') ?? false);
}

/** Ended the same way as on the base, with no failed test that did not fail there. */
function failsAlike(cells: CheckCells): boolean {
  const head = cells.head[0]?.outcome;
  if (hasPassed(cells.base) || cells.base[0]?.outcome !== head) return false;
  const base = readableRuns(cells.base);
  const runs = readableRuns(cells.head);
  return idsOf(runs).every((id) => {
    if (!['failed', 'flaky'].includes(statusOver(runs, id))) return true;
    return ['failed', 'flaky'].includes(statusOver(base, id));
  });
}
