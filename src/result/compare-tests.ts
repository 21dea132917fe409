/**
 * What became of each test between base and head, from the four cells of one check. A base test is broken when it passed
 * on the base and fails with the new source; where only the change set's own tests or harness let it pass, that is a
 * changed expectation, which a human decides.
 */
import {
  type CheckCells,
  idsOf,
  type RunTests,
  readableRuns,
  statusOver,
  type TestStatus,
} from './test-runs.ts';
import type { TestChange, TestNote } from './verdict.ts';

/** What a comparison needs. */
export interface CompareInput {
  readonly check: string;
  readonly cells: CheckCells;
  readonly isRemoved: IsRemoved;
}

/** True where the change set takes this test out of the file that held it. */
export type IsRemoved = (test: { readonly id: string; readonly file: string | null }) => boolean;

/** Readable runs of the three cells that a comparison reads. */
interface Reports {
  readonly base: readonly RunTests[];
  readonly baseTests: readonly RunTests[];
  readonly head: readonly RunTests[];
}

/** A note per test that needs a word, sorted by id; a test that passed and passes has none. */
export function compareTests(input: CompareInput): TestNote[] {
  const reports: Reports = {
    base: readableRuns(input.cells.base),
    baseTests: readableRuns(input.cells.baseTests),
    head: readableRuns(input.cells.head),
  };
  return idsOf([...reports.base, ...reports.head]).flatMap((id) => {
    const change = changeOf(id, reports, input.isRemoved);
    return change === null ? [] : [noteOf({ check: input.check, id, change }, reports)];
  });
}

/** Design 6's table for one test; null is nothing to say. */
function changeOf(id: string, reports: Reports, isRemoved: IsRemoved): TestChange | null {
  if (reports.base.length === 0) return 'not-comparable';
  const known = reports.base.map((run) => run.get(id)).filter((tally) => tally !== undefined);
  const first = known[0];
  if (!first) return 'new';
  const head = statusOver(reports.head, id, Math.max(1, ...known.map((tally) => tally.passed)));
  const removed = (): boolean => isRemoved({ id, file: first.file });
  switch (statusOver(reports.base, id)) {
    case 'passed':
      return changeOfPassed(head, statusInOwn(id, reports), removed);
    case 'failed':
      return changeOfFailed(head, removed);
    case 'flaky':
      return head === 'passed' ? null : goneOr('flaky', head, removed);
    case 'gone':
      return head === 'failed' || head === 'flaky' ? 'new' : null;
  }
}

/** With the new source and the base's own tests; null where that cell has no readable report. */
function statusInOwn(id: string, reports: Reports): TestStatus | null {
  return reports.baseTests.length === 0 ? null : statusOver(reports.baseTests, id);
}

/** A base test that passed on the base. */
function changeOfPassed(
  head: TestStatus,
  own: TestStatus | null,
  isRemoved: () => boolean,
): TestChange | null {
  if (head !== 'passed') return goneOr(head === 'flaky' ? 'flaky' : 'broken', head, isRemoved);
  if (own === 'passed') return null;
  if (own === null) return 'not-comparable';
  return own === 'flaky' ? 'flaky' : 'expectation-changed';
}

/** A base test that failed on the base. */
function changeOfFailed(head: TestStatus, isRemoved: () => boolean): TestChange {
  if (head === 'passed') return 'fixed';
  return goneOr(head === 'flaky' ? 'flaky' : 'still-failing', head, isRemoved);
}

function goneOr(change: TestChange, head: TestStatus, isRemoved: () => boolean): TestChange {
  if (head !== 'gone') return change;
  return isRemoved() ? 'expectation-changed' : 'gone';
}

function noteOf(note: { check: string; id: string; change: TestChange }, reports: Reports): TestNote {
  const tallies = [...reports.head, ...reports.baseTests, ...reports.base]
    .map((run) => run.get(note.id))
    .filter((tally) => tally !== undefined);
  const failure = tallies.find((tally) => tally.failure !== null)?.failure ?? null;
  const file = tallies.find((tally) => tally.file !== null)?.file ?? null;
  return { ...note, file, firstLine: failure === null ? null : firstLine(failure.message) };
}

function firstLine(message: string): string {
  const line = message.split('\n').find((text) => text.trim() !== '') ?? '';
  return line.trim().slice(0, 300);
}
