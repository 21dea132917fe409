/**
 * Lays a change set over a tree: an earlier round's work in `prepared`, or one side of it in a cell. The payload is
 * hostile: no path may leave the tree, by its text or through a link that the change set itself put there.
 */
import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { ChangeEntry, PutEntry } from '../../result/contract/change-set.ts';
import { PhaseFailedError } from '../phase-failed.ts';

/** Deletes first, then puts. Fails as `change-set-refused` on a path that leaves the tree; the tree is half-done then. */
export function applyChangeSet(root: string, entries: readonly ChangeEntry[]): void {
  for (const entry of entries) assertInside(entry.path);
  for (const entry of entries) {
    if (entry.op === 'delete') remove(root, entry.path);
  }
  for (const entry of entries) {
    if (entry.op === 'put') put(root, entry);
  }
}

function assertInside(path: string): void {
  const segments = path.split('/');
  const bad = segments.some((part) => ['', '.', '..'].includes(part) || part.toLowerCase() === '.git');
  if (bad || path.includes('\0')) throw refused(path, 'it leaves the tree or enters .git');
}

function remove(root: string, path: string): void {
  if (!hasRealFolders(root, path)) return;
  rmSync(join(root, path), { recursive: true, force: true });
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    try {
      rmdirSync(join(root, folder));
    } catch {
      return; // Not empty: git keeps it too.
    }
  }
}

function put(root: string, entry: PutEntry): void {
  const target = join(root, entry.path);
  if (!hasRealFolders(root, entry.path)) throw refused(entry.path, 'a folder on its way is a file or a link');
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { recursive: true, force: true });
  const content = Buffer.from(entry.contentBase64, 'base64');
  if (entry.mode === '120000') {
    symlinkSync(content, target);
    return;
  }
  const fd = openSync(
    target,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
  );
  try {
    writeFileSync(fd, content);
  } finally {
    closeSync(fd);
  }
  chmodSync(target, entry.mode === '100755' ? 0o755 : 0o644);
}

/** True when every folder on the way either is a real folder or does not exist yet. */
function hasRealFolders(root: string, path: string): boolean {
  const parts = path.split('/').slice(0, -1);
  return parts.every((_, index) => {
    const stat = lstatSync(join(root, ...parts.slice(0, index + 1)), { throwIfNoEntry: false });
    return stat === undefined || stat.isDirectory();
  });
}

function refused(path: string, why: string): PhaseFailedError {
  return new PhaseFailedError({
    code: 'change-set-refused',
    message: `Path '${path}' cannot be laid over the base: ${why}.`,
  });
}
