/**
 * Line differences between two texts: what the gates look at, what the verdict counts, and what `task show --diff`
 * prints. Beyond a bound on its work the changed middle counts as replaced.
 */
import { type DiffStep, shortestScript } from './line-script.ts';

/** One line that only the new text holds; `line` counts from 1 in the new text. */
export interface AddedLine {
  readonly line: number;
  readonly text: string;
}

/** One line that only the old text holds; `line` counts from 1 in the old text. */
export type RemovedLine = AddedLine;

/** The difference of two texts. `exact` is false where the bound was met and the middle counts as replaced. */
export interface LineDiff {
  readonly added: readonly AddedLine[];
  readonly removed: readonly RemovedLine[];
  readonly steps: readonly DiffStep[];
  readonly exact: boolean;
}

/** Compares two texts line by line; lines end at `\n`, and a last line without one counts. */
export function diffLines(before: string, after: string): LineDiff {
  const a = splitLines(before);
  const b = splitLines(after);
  const head = commonHead(a, b);
  const tail = commonTail(a, b, head);
  const middleA = a.slice(head, a.length - tail);
  const middleB = b.slice(head, b.length - tail);
  const script = shortestScript(middleA, middleB);
  const steps: DiffStep[] = [
    ...a.slice(0, head).map(same),
    ...(script ?? replaced(middleA, middleB)),
    ...a.slice(a.length - tail).map(same),
  ];
  return { ...numbered(steps), steps, exact: script !== null };
}

/** Lines of a text; the empty text has none, and a final newline makes no further line. */
export function splitLines(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function same(text: string): DiffStep {
  return { op: 'same', text };
}

function replaced(a: readonly string[], b: readonly string[]): DiffStep[] {
  return [
    ...a.map((text): DiffStep => ({ op: 'remove', text })),
    ...b.map((text): DiffStep => ({ op: 'add', text })),
  ];
}

function commonHead(a: readonly string[], b: readonly string[]): number {
  const most = Math.min(a.length, b.length);
  let count = 0;
  while (count < most && a[count] === b[count]) count += 1;
  return count;
}

function commonTail(a: readonly string[], b: readonly string[], head: number): number {
  const most = Math.min(a.length, b.length) - head;
  let count = 0;
  while (count < most && a[a.length - 1 - count] === b[b.length - 1 - count]) count += 1;
  return count;
}

function numbered(steps: readonly DiffStep[]): Pick<LineDiff, 'added' | 'removed'> {
  const added: AddedLine[] = [];
  const removed: RemovedLine[] = [];
  let before = 0;
  let after = 0;
  for (const { op, text } of steps) {
    if (op !== 'add') before += 1;
    if (op !== 'remove') after += 1;
    if (op === 'add') added.push({ line: after, text });
    if (op === 'remove') removed.push({ line: before, text });
  }
  return { added, removed };
}
