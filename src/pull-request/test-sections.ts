/** The check run's sections Tests and Proof. */
import type { CellSummary, CheckVerdict, TestChange, Verdict } from '../result/verdict.ts';
import { codeSpan, cutLine, escapeLine } from './foreign-text.ts';
import { groupDigits, plural } from './format.ts';

/** How many failing tests are named before their count stands for the rest. */
const WORDS: readonly (readonly [TestChange, string])[] = [
  ['broken', 'Broken'],
  ['gone', 'Gone'],
  ['expectation-changed', 'Expectation changed'],
  ['flaky', 'Flaky'],
  ['still-failing', 'Failing on the base alike'],
];

/** Tables of the checks, then the lists of tests that need a word, `maxRows` each. */
export function testsSection(verdict: Verdict, maxRows: number): string {
  const parts = ['## Tests', ...verdict.checks.map(checkTable), countsLine(verdict)];
  for (const [change, heading] of WORDS) {
    const notes = verdict.notes.filter((note) => note.change === change);
    if (notes.length === 0) continue;
    const rows = notes
      .slice(0, maxRows)
      .map(
        (note) =>
          `|${name(note.id)}|${note.firstLine ? cutLine(escapeLine(note.firstLine), 200) : 'not measured'}|`,
      );
    parts.push(
      [`|${heading}|First line|`, '|---|---|', ...rows, ...cutNote(notes.length, maxRows)].join('\n'),
    );
  }
  return parts.join('\n\n');
}

/** Which new or changed tests show the change. */
export function proofSection(verdict: Verdict, maxRows: number): string {
  const harness = verdict.harnessChanged;
  const files =
    harness.length === 0
      ? 'none'
      : `${harness.slice(0, 10).map(codeSpan).join(', ')}${harness.length > 10 ? ` and ${harness.length - 10} more` : ''}`;
  if (verdict.proofs.length === 0)
    return `## Proof that the change matters\nNo test shows the change. Harness files changed: ${files}.`;
  const rows = verdict.proofs.slice(0, maxRows).map((note) => `|${name(note.id)}|${ON_BASE[note.onBase]}|`);
  const proven = verdict.proofs.filter((note) => note.proof).length;
  return [
    '## Proof that the change matters',
    '|New or changed test|On the base code|',
    '|---|---|',
    ...rows,
    ...cutNote(verdict.proofs.length, maxRows),
    '',
    `${proven} of ${verdict.proofs.length} is proof. Harness files changed: ${files}.`,
  ].join('\n');
}

const ON_BASE = {
  'fails-by-assertion': 'fails, by assertion',
  'fails-otherwise': 'fails, not by assertion',
  passes: 'passes',
  'not-comparable': 'not comparable',
  absent: 'does not run',
} as const;

function checkTable(check: CheckVerdict): string {
  const rows = [
    `|${codeSpan(check.run)}|Base|Head|`,
    '|---|---|---|',
    `|Outcome|${outcome(check.base)}|${outcome(check.head)}|`,
  ];
  if (check.kind === 'tests') {
    rows.push(`|Passed|${count(check.base, 'passed')}|${count(check.head, 'passed')}|`);
    rows.push(`|Failed|${count(check.base, 'failed')}|${count(check.head, 'failed')}|`);
  }
  const own = check.baseTests?.counts;
  const ownLine = own
    ? [`\nThe base's own tests on the new code: ${own.passed} of ${own.passed + own.failed} pass.`]
    : [];
  return [...rows, ...ownLine].join('\n');
}

function outcome(cell: CellSummary | null): string {
  if (!cell) return 'not run';
  if (cell.limit) return `${cell.outcome} (${cell.limit})`;
  return cell.exitCode === null ? cell.outcome : `${cell.outcome}, exit ${cell.exitCode}`;
}

function count(cell: CellSummary | null, key: 'passed' | 'failed'): string {
  return cell?.counts ? groupDigits(cell.counts[key]) : 'not measured';
}

function countsLine(verdict: Verdict): string {
  const of = (change: TestChange): number => verdict.notes.filter((note) => note.change === change).length;
  const skipped = verdict.totals.head?.skipped ?? 0;
  return `New: ${of('new')}. Fixed: ${of('fixed')}. Broken: ${of('broken')}. Flaky: ${of('flaky')}. Gone: ${of('gone')}. Skipped: ${skipped}. Expectation changed: ${of('expectation-changed')}.`;
}

function name(id: string): string {
  return cutLine(escapeLine(id), 160);
}

function cutNote(total: number, maxRows: number): string[] {
  return total > maxRows
    ? ['', `(${groupDigits(maxRows)} of ${plural(total, 'line')}; all in the task's record)`]
    : [];
}
