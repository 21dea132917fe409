/**
 * Cells within what one upload may carry, whatever a check reported: first failures' messages are left out, then the
 * tests of the largest reports, then output. What is left out is said where it stood. verify writes nothing larger down,
 * and deliver, which takes verify's file as hostile, uploads nothing larger.
 */
import { type CellResult, MAX_RESULT_BYTES, type TestResult } from '../result/contract/cell.ts';

/** Digest, flag and brackets around the cells. */
const ENVELOPE_BYTES = 1_024;

/** The cells as they are where they fit, else with less in them; each test keeps its name, status and kind of failure. */
export function fitCells(
  cells: readonly CellResult[],
  maxBytes: number = MAX_RESULT_BYTES - ENVELOPE_BYTES,
): CellResult[] {
  if (sizeOf(cells) <= maxBytes) return [...cells];
  const bare = cells.map((cell) => withMessages(cell, 0).cell);
  const lighter = lighten(lighten(bare, maxBytes, withoutTests), maxBytes, withoutOutput);
  let roomBytes = maxBytes - sizeOf(lighter);
  return lighter.map((cell, at) => {
    const whole = cells[at];
    if (cell.results === null || whole === undefined) return cell;
    const filled = withMessages(whole, Math.floor(roomBytes / (lighter.length - at)));
    roomBytes -= filled.usedBytes;
    return { ...cell, results: filled.cell.results };
  });
}

/** Takes something out of the largest cells, one after the other, until all of them fit. */
function lighten(
  cells: readonly CellResult[],
  maxBytes: number,
  take: (cell: CellResult, bytes: number) => CellResult,
): CellResult[] {
  const sized = cells.map((cell, at) => ({ cell, at, bytes: sizeOf([cell]) }));
  let total = sized.reduce((sum, { bytes }) => sum + bytes, 0);
  const lighter = [...cells];
  for (const { cell, at, bytes } of sized.sort((a, b) => b.bytes - a.bytes)) {
    if (total <= maxBytes) break;
    const left = take(cell, bytes);
    lighter[at] = left;
    total += sizeOf([left]) - bytes;
  }
  return lighter;
}

/** Keeps the first messages that `roomBytes` has room for, and those that are no longer than the note; the others say how many they are. */
function withMessages(cell: CellResult, roomBytes: number): { cell: CellResult; usedBytes: number } {
  const failures = (cell.results ?? []).filter((test) => test.failure !== null);
  const most = leftOut(failures.length);
  const kept = new Set<TestResult>();
  let usedBytes = 0;
  for (const test of failures) {
    const cost = Math.max(0, bytesOf(test.failure?.message ?? '') - bytesOf(most));
    if (cost > 0 && usedBytes + cost > roomBytes) continue;
    usedBytes += cost;
    kept.add(test);
  }
  const message = leftOut(failures.length - kept.size);
  const results = cell.results?.map((test) =>
    test.failure === null || kept.has(test) ? test : { ...test, failure: { ...test.failure, message } },
  );
  return { cell: { ...cell, results: results ?? null }, usedBytes };
}

function leftOut(count: number): string {
  return `(${count} messages left out: too many bytes)`;
}

/** A report that cannot be carried is none, and a check of tests without a report has not passed. */
function withoutTests(cell: CellResult, bytes: number): CellResult {
  if (cell.results === null) return cell;
  const { length } = cell.results;
  return {
    ...cell,
    outcome: cell.outcome === 'passed' ? 'failed' : cell.outcome,
    results: null,
    reportProblem: `the report's ${length} tests take ${bytes} bytes without their messages; all cells may take ${MAX_RESULT_BYTES}`,
  };
}

function withoutOutput(cell: CellResult): CellResult {
  return { ...cell, output: { ...cell.output, head: '', tail: '' } };
}

/** As they are written, with the comma after each. */
function sizeOf(cells: readonly CellResult[]): number {
  return cells.reduce((sum, cell) => sum + bytesOf(cell) + 1, 0);
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
