/**
 * What a change set must be to be taken at all: paths that mean one file below the workspace on every system, in order,
 * each once, within the bounds. What it may contain beyond that is judged by the gates.
 */
import { CHANGE_SET_BOUNDS, type ChangeEntry, type ChangeSet } from '../../result/contract/change-set.ts';

/** The first rule that the change set breaks, in a few words without foreign text; null where it may be taken. */
export function brokenWireRule(changeSet: ChangeSet, baseSha: string): string | null {
  if (changeSet.baseSha !== baseSha) return 'another base commit';
  if (!changeSet.setupAltered.every(isWirePath)) return 'setup path not allowed';
  if (!changeSet.entries.every((entry) => isWirePath(entry.path))) return 'path not allowed';
  if (!isStrictlySorted(changeSet.entries)) return 'entries not sorted, or a path twice';
  if (hasFileAsFolder(changeSet.entries)) return 'a file stands where a folder must be';
  return brokenSizeRule(changeSet.entries);
}

/** Relative, `/` between non-empty segments, none of them `.`, `..` or `.git` in any case; no NUL, valid Unicode. */
export function isWirePath(path: string): boolean {
  if (!path.isWellFormed() || path.includes('\0')) return false;
  if (Buffer.byteLength(path) > CHANGE_SET_BOUNDS.maxPathBytes) return false;
  return path.split('/').every(isWireSegment);
}

function isWireSegment(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && segment.toLowerCase() !== '.git';
}

function isStrictlySorted(entries: readonly ChangeEntry[]): boolean {
  const paths = entries.map((entry) => Buffer.from(entry.path));
  return paths.every((path, index) => {
    const before = paths[index - 1];
    return before === undefined || Buffer.compare(before, path) < 0;
  });
}

/** A put below a path that is put as a file too: no tree holds both. */
function hasFileAsFolder(entries: readonly ChangeEntry[]): boolean {
  const puts = new Set(entries.filter((entry) => entry.op === 'put').map((entry) => entry.path));
  return [...puts].some((path) => ancestors(path).some((folder) => puts.has(folder)));
}

function ancestors(path: string): string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
}

function brokenSizeRule(entries: readonly ChangeEntry[]): string | null {
  const sizes = entries.map((entry) =>
    entry.op === 'put' ? Buffer.byteLength(entry.contentBase64, 'base64') : 0,
  );
  if (sizes.some((size) => size > CHANGE_SET_BOUNDS.maxFileBytes)) return 'a file is too large';
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return total > CHANGE_SET_BOUNDS.maxTotalBytes ? 'the files are too large together' : null;
}
