/** The line diffs of a change set's text files, computed once and shared by gates, verdict and `task show --diff`. */
import { diffLines, type LineDiff } from './diff.ts';
import type { ReadChangeSet } from './read-change-set.ts';
import { textOf } from './text-of.ts';

/** By path; a path is absent where a side is binary or was too large to be read. */
export function changeDiffs(changeSet: ReadChangeSet): ReadonlyMap<string, LineDiff> {
  const diffs = new Map<string, LineDiff>();
  for (const { path, before, after } of changeSet.changes) {
    const old = before === null ? '' : textOf(before.bytes);
    const next = after === null ? '' : textOf(after.bytes);
    if (old !== null && next !== null) diffs.set(path, diffLines(old, next));
  }
  return diffs;
}
