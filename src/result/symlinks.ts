/**
 * Where symlinks lead inside a tree that is not on any disk: every step is taken over the tree's own symlinks, and a path
 * that climbs above the root, is absolute, reaches `.git` or never ends counts as leaving the tree.
 */
import { isGitFolder } from './path-rules.ts';

/** Symlinks of a tree, path to target; null is a target that cannot be read. */
export type LinkTargets = ReadonlyMap<string, string | null>;

/** Linux follows at most 40. */
const MAX_HOPS = 40;
const MAX_TARGET_BYTES = 1_024;
const FORBIDDEN = /\p{Cc}|\\/u;

/** The rule that the symlink at `path` breaks, or null. */
export function brokenSymlinkRule(path: string, links: LinkTargets): string | null {
  const target = links.get(path);
  if (target === null || target === undefined || target === '') return 'symlink target unreadable';
  if (Buffer.byteLength(target) > MAX_TARGET_BYTES || FORBIDDEN.test(target))
    return 'symlink target unreadable';
  if (target.startsWith('/') || /^[a-z]:/i.test(target)) return 'symlink is absolute';
  return leavesTree(path, links) ? 'symlink leaves the tree' : null;
}

/** A walk under way: where it is, what is left of the path, how many links it took. */
interface Walk {
  readonly here: string[];
  readonly rest: string[];
  hops: number;
}

/** True when following the symlink at `path` ends outside the tree, in `.git`, or nowhere within 40 hops. */
export function leavesTree(path: string, links: LinkTargets): boolean {
  const walk: Walk = { here: [], rest: path.split('/'), hops: 0 };
  for (let part = walk.rest.shift(); part !== undefined; part = walk.rest.shift()) {
    if (!takeStep(walk, part, links)) return true;
  }
  return false;
}

/** One part of the path; false when it leads out. */
function takeStep(walk: Walk, part: string, links: LinkTargets): boolean {
  if (part === '' || part === '.') return true;
  if (part === '..') return walk.here.pop() !== undefined;
  if (isGitFolder(part)) return false;
  walk.here.push(part);
  const target = links.get(walk.here.join('/'));
  return target === undefined || follow(walk, target);
}

function follow(walk: Walk, target: string | null): boolean {
  walk.hops += 1;
  if (target === null || target.startsWith('/') || walk.hops > MAX_HOPS) return false;
  walk.here.pop();
  walk.rest.unshift(...target.split('/'));
  return true;
}
