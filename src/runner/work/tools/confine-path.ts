/** Keeps the editor in the workspace: a path may not leave it by its text or through a link (INC-09). */
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** The real path to use, or null when it lies outside. Works for paths that do not exist yet. */
export function confinePath(workspace: string, path: string): string | null {
  if (path.includes('\0')) return null;
  const root = realpathSync(workspace);
  const wanted = resolve(root, path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : path);
  const real = realOf(wanted === workspace ? root : wanted);
  return real === root || real?.startsWith(`${root}/`) === true ? real : null;
}

/** Resolves the deepest existing part; through a dangling or looping link nothing can be written. */
function realOf(path: string): string | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat !== undefined) return stat.isSymbolicLink() && !existsSync(path) ? null : realpathSync(path);
  const parent = realOf(dirname(path));
  return parent === null ? null : join(parent, basename(path));
}
