/** Whether the agent goes on after a verdict, and the failing output that it is given: foreign text, bounded. */
import { hasPassed } from './colour-check.ts';
import type { CellResult, Output } from './contract/cell.ts';
import type { UntrustedBlock } from './contract/phase-spec.ts';
import type { Verdict } from './verdict.ts';

const MAX_TESTS = 30;
const MAX_OUTPUT_CHARACTERS = 12_000;
const MAX_BLOCKS = 5;

/**
 * True where checks fail that do not on the base: something that the agent can mend. Not where a gate blocks, nothing changed, nothing was verified
 * (a matter of configuration), or what fails does so on the base alike.
 */
export function wantsAnotherRound(verdict: Verdict): boolean {
  return !verdict.blocked && verdict.reason === 'checks-failed';
}

/** One block per check that fails with the new source and new tests: the tests by name, then the end of its output. */
export function failingOutput(verdict: Verdict, newCells: readonly CellResult[]): UntrustedBlock[] {
  return verdict.checks
    .flatMap(({ check, run }) => {
      const cell = failingCell(check, newCells);
      return cell ? [{ label: `output of the check ${check}`, text: textOf(verdict, cell, run) }] : [];
    })
    .slice(0, MAX_BLOCKS);
}

/** The head cell, or, where that one passes, the base's own tests on the new code. */
function failingCell(check: string, cells: readonly CellResult[]): CellResult | undefined {
  const failing = cells.filter((cell) => cell.check === check && cell.source === 'new' && !hasPassed([cell]));
  return failing.find((cell) => cell.tests === 'new') ?? failing[0];
}

function textOf(verdict: Verdict, cell: CellResult, run: string): string {
  const names = verdict.notes
    .filter((note) => note.check === cell.check && (note.change === 'broken' || note.change === 'gone'))
    .map((note) => `- ${note.change}: ${note.id}${note.firstLine === null ? '' : ` (${note.firstLine})`}`);
  const more = names.length > MAX_TESTS ? [`- and ${names.length - MAX_TESTS} more`] : [];
  const end = cell.exitCode === null ? cell.outcome : `${cell.outcome}, exit ${cell.exitCode}`;
  return [`${run}: ${end}`, ...names.slice(0, MAX_TESTS), ...more, '', lastPart(cell.output)].join('\n');
}

/** Failures are summed up at the end; the head only where all of it fits. */
function lastPart(output: Output): string {
  const isWhole = output.totalBytes <= Buffer.byteLength(output.head) + Buffer.byteLength(output.tail);
  const whole = isWhole ? output.head + output.tail : output.tail;
  if (isWhole && whole.length <= MAX_OUTPUT_CHARACTERS) return whole;
  const part = whole.slice(-MAX_OUTPUT_CHARACTERS);
  return `(the last ${part.length} characters of ${output.totalBytes} bytes)\n${part}`;
}
