/** What differs between two listings; the arithmetic of the change set. */
import type { TreeEntry, TreeListing } from './list-tree.ts';

/** One path that differs; `after` null: gone. */
export interface TreeChange {
  readonly path: string;
  readonly before: TreeEntry | null;
  readonly after: TreeEntry | null;
}

/** Changes from `before` to `after`, sorted by the paths' bytes. */
export function compareTrees(before: TreeListing, after: TreeListing): TreeChange[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths]
    .map((path) => ({ path, before: before.get(path) ?? null, after: after.get(path) ?? null }))
    .filter((change) => !isSame(change.before, change.after))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** True when kind, mode and content agree. */
export function isSame(a: TreeEntry | null, b: TreeEntry | null): boolean {
  if (a === null || b === null) return a === b;
  return a.kind === b.kind && a.mode === b.mode && a.hash === b.hash;
}
