/**
 * The rules that need the whole tree: a change set against its base. The tree that would be committed must hold nothing
 * that two file systems read differently, nothing behind a symlink, and no symlink that leaves it.
 */
import { createHash } from 'node:crypto';
import { foldPath } from '../shared/fold-path.ts';
import type { BaseFiles } from './base-files.ts';
import type { ReadChange } from './read-change-set.ts';
import { brokenSymlinkRule, type LinkTargets, leavesTree } from './symlinks.ts';

/** Names that git reads as configuration and refuses to follow as symlinks. */
const NEVER_SYMLINKS = /^\.(gitmodules|gitattributes|gitignore|mailmap)$/;

/** The first broken rule with the entry's position (from 1), or null. */
export function checkTree(
  changes: readonly ReadChange[],
  base: BaseFiles,
): { readonly index: number; readonly rule: string } | null {
  const paths = finalPaths(changes, base);
  const view: TreeView = { paths, folders: foldersOf(paths), links: linksAfter(changes, base), base };
  for (const [index, change] of changes.entries()) {
    const rule = brokenEntryRule(change, view);
    if (rule) return { index: index + 1, rule };
  }
  return brokenTreeRule(changes, view);
}

/** The tree as it would be committed. */
interface TreeView {
  readonly paths: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
  readonly links: LinkTargets;
  readonly base: BaseFiles;
}

function brokenEntryRule(change: ReadChange, view: TreeView): string | null {
  if (change.before?.mode === '160000') return 'submodule';
  if (change.after === null) return change.before === null ? 'deletes what is not there' : null;
  if (isUnchanged(change, view.base)) return 'unchanged';
  if (view.folders.has(change.path)) return 'file and folder';
  const above = foldersAbove(change.path).find((folder) => view.paths.has(folder));
  if (above !== undefined) return view.links.has(above) ? 'through a symlink' : 'file and folder';
  return change.after.mode === '120000' ? brokenLinkRule(change, view) : null;
}

function brokenLinkRule(change: ReadChange, view: TreeView): string | null {
  if (NEVER_SYMLINKS.test(foldPath(change.path).split('/').at(-1) ?? ''))
    return 'symlink as git configuration';
  return brokenSymlinkRule(change.path, view.links);
}

/** Rules about other paths than the entry's own: colliding names, and base symlinks that now lead elsewhere. */
function brokenTreeRule(
  changes: readonly ReadChange[],
  view: TreeView,
): { readonly index: number; readonly rule: string } | null {
  const spellings = spellingsOf(view);
  for (const [index, change] of changes.entries()) {
    if (change.after === null) continue;
    const names = [...foldersAbove(change.path), change.path];
    if (names.some((name) => (spellings.get(foldPath(name))?.size ?? 0) > 1)) {
      return { index: index + 1, rule: 'name collides' };
    }
  }
  const firstLink = changes.findIndex((change) => change.after?.mode === '120000');
  if (firstLink === -1) return null;
  const before = linksOf(view.base);
  const redirected = [...before.keys()].some(
    (path) => view.links.has(path) && leavesTree(path, view.links) && !leavesTree(path, before),
  );
  return redirected ? { index: firstLink + 1, rule: 'symlink leaves the tree' } : null;
}

function finalPaths(changes: readonly ReadChange[], base: BaseFiles): Set<string> {
  const paths = new Set(base.entries.keys());
  for (const change of changes) {
    if (change.after === null) paths.delete(change.path);
    else paths.add(change.path);
  }
  return paths;
}

function foldersOf(paths: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const path of paths) for (const folder of foldersAbove(path)) folders.add(folder);
  return folders;
}

/** `a/b/c.ts` -> `a`, `a/b`. */
function foldersAbove(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'));
}

/** Every name of the final tree, folders included, by its fold. */
function spellingsOf(view: TreeView): Map<string, Set<string>> {
  const spellings = new Map<string, Set<string>>();
  for (const names of [view.paths, view.folders]) {
    for (const name of names) {
      const fold = foldPath(name);
      const known = spellings.get(fold);
      if (known) known.add(name);
      else spellings.set(fold, new Set([name]));
    }
  }
  return spellings;
}

function linksOf(base: BaseFiles): Map<string, string | null> {
  const links = new Map<string, string | null>();
  for (const [path, entry] of base.entries) {
    if (entry.mode === '120000') links.set(path, targetOf(base.contents.get(path)));
  }
  return links;
}

function linksAfter(changes: readonly ReadChange[], base: BaseFiles): Map<string, string | null> {
  const links = linksOf(base);
  for (const change of changes) {
    links.delete(change.path);
    if (change.after?.mode === '120000') links.set(change.path, targetOf(change.after.bytes));
  }
  return links;
}

/** A link's target, or null where its bytes are unknown or are not UTF-8: such a link counts as leaving the tree. */
function targetOf(bytes: Uint8Array | undefined): string | null {
  if (bytes === undefined) return null;
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : null;
}

/** A put of what the base already holds, found by git's own object id. */
function isUnchanged(change: ReadChange, base: BaseFiles): boolean {
  const known = base.entries.get(change.path);
  if (!known || !change.after || known.mode !== change.after.mode) return false;
  const hash = createHash(known.sha.length === 64 ? 'sha256' : 'sha1');
  return (
    hash.update(`blob ${change.after.bytes.length}\0`).update(change.after.bytes).digest('hex') === known.sha
  );
}
