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
  readonly isEdited: IsEdited;
}

/** True where the change set edits or deletes the file that holds this test. */
export type IsEdited = (test: { readonly id: string; readonly file: string | null }) => boolean;

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
    const change = changeOf(id, reports, input.isEdited);
    return change === null ? [] : [noteOf({ check: input.check, id, change }, reports)];
  });
}

/** Design 6's table for one test; null is nothing to say. */
function changeOf(id: string, reports: Reports, isEdited: IsEdited): TestChange | null {
  if (reports.base.length === 0) return 'not-comparable';
  const known = reports.base.map((run) => run.get(id)).filter((tally) => tally !== undefined);
  const first = known[0];
  if (!first) return 'new';
  const head = statusOver(reports.head, id, Math.max(1, ...known.map((tally) => tally.passed)));
  const edited = (): boolean => isEdited({ id, file: first.file });
  switch (statusOver(reports.base, id)) {
    case 'passed':
      return changeOfPassed(
        head,
        reports.baseTests.length === 0 ? head : statusOver(reports.baseTests, id),
        edited,
      );
    case 'failed':
      return changeOfFailed(head, edited);
    case 'flaky':
      return head === 'passed' ? null : goneOr('flaky', head, edited);
    case 'gone':
      return head === 'failed' || head === 'flaky' ? 'new' : null;
  }
}

/** A base test that passed on the base. */
function changeOfPassed(head: TestStatus, ownTests: TestStatus, isEdited: () => boolean): TestChange | null {
  if (head !== 'passed') return goneOr(head === 'flaky' ? 'flaky' : 'broken', head, isEdited);
  if (ownTests === 'passed') return null;
  return ownTests === 'flaky' ? 'flaky' : 'expectation-changed';
}

/** A base test that failed on the base. */
function changeOfFailed(head: TestStatus, isEdited: () => boolean): TestChange {
  if (head === 'passed') return 'fixed';
  return goneOr(head === 'flaky' ? 'flaky' : 'still-failing', head, isEdited);
}

function goneOr(change: TestChange, head: TestStatus, isEdited: () => boolean): TestChange {
  if (head !== 'gone') return change;
  return isEdited() ? 'expectation-changed' : 'gone';
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
