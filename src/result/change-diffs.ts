/** The line diffs of a change set's text files, computed once and shared by gates, verdict and `task show --diff`. */
import { diffLines, type LineDiff } from './diff.ts';
import type { ReadChangeSet } from './read-change-set.ts';
import { textOf } from './text-of.ts';

/** Lines of both sides that are compared, in one file and in all: each costs about 100 bytes here, and one in the set. */
const MAX_FILE_LINES = 200_000;
const MAX_LINES = 600_000;

/**
 * By path. A path is absent where a side is binary, was too large to be read, or holds too many lines: readers take such
 * a file for wholly new.
 */
export function changeDiffs(changeSet: ReadChangeSet): ReadonlyMap<string, LineDiff> {
  const diffs = new Map<string, LineDiff>();
  let total = 0;
  for (const { path, before, after } of changeSet.changes) {
    const old = sideText(before);
    const next = sideText(after);
    if (old === null || next === null) continue;
    const lines = countLines(old) + countLines(next);
    if (lines > MAX_FILE_LINES || total + lines > MAX_LINES) continue;
    total += lines;
    diffs.set(path, diffLines(old, next));
  }
  return diffs;
}

/** An absent side is the empty text; null is no text. */
function sideText(side: { readonly bytes: Uint8Array | null } | null): string | null {
  return side === null ? '' : textOf(side.bytes);
}

function countLines(text: string): number {
  let count = 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
