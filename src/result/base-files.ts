/**
 * What judging needs to know of the base commit: the listing of its tree and the bytes of what a change set touches.
 * Read once, before the pure parts (`read-bundle`, `gates/`, `judge`) run; the tree itself is an adapter's business.
 */
import { GloveboxError } from '../shared/errors.ts';
import type { ChangeSet } from './contract/change-set.ts';

/** One entry of the base's tree: git mode (six octal digits), object id, size in bytes. */
export interface BaseEntry {
  readonly mode: string;
  readonly sha: string;
  readonly size: number;
}

/** The base commit's tree. Paths are exact, as git holds them, with `/` between their parts. */
export interface BaseTree {
  /**
   * Every entry that is not a directory: files, symlinks and gitlinks (submodules, size 0). A listing that the source
   * cut short is an error (`tree-unsupported`), never a shorter map: a missing path would look new.
   */
  listPaths(): Promise<ReadonlyMap<string, BaseEntry>>;
  /** The bytes of one listed file or symlink (a symlink's bytes are its target). */
  read(path: string): Promise<Uint8Array>;
}

/** The base as the pure parts see it. */
export interface BaseFiles {
  readonly entries: ReadonlyMap<string, BaseEntry>;
  /** Bytes of the touched files and, where the change set adds symlinks, of the base's symlinks. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/** Bounds of what is read; a touched file over them has no bytes here and is treated as wholly new by the gates. */
export const BASE_FILE_BOUNDS = {
  maxFileBytes: 5 * 1024 * 1024,
  maxTotalBytes: 40 * 1024 * 1024,
  maxSymlinks: 2_000,
} as const;

/** Reads the listing and the touched files, four at a time. Errors: the tree's own, `tree-unsupported`. */
export async function readBaseFiles(tree: BaseTree, changeSet: ChangeSet): Promise<BaseFiles> {
  const entries = await tree.listPaths();
  const wanted = withinBounds(
    [...touchedPaths(entries, changeSet), ...symlinkPaths(entries, changeSet)],
    entries,
  );
  const contents = new Map<string, Uint8Array>();
  const queue = [...wanted];
  async function work(): Promise<void> {
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      contents.set(path, await tree.read(path));
    }
  }
  await Promise.all([work(), work(), work(), work()]);
  return { entries, contents };
}

function touchedPaths(entries: ReadonlyMap<string, BaseEntry>, changeSet: ChangeSet): string[] {
  return changeSet.entries.map((entry) => entry.path).filter((path) => isBlob(entries.get(path)));
}

/** A new symlink may lead through one of the base, or change where one of the base leads. */
function symlinkPaths(entries: ReadonlyMap<string, BaseEntry>, changeSet: ChangeSet): string[] {
  const addsSymlink = changeSet.entries.some((entry) => entry.op === 'put' && entry.mode === '120000');
  if (!addsSymlink) return [];
  const paths = [...entries].filter(([, entry]) => entry.mode === '120000').map(([path]) => path);
  if (paths.length <= BASE_FILE_BOUNDS.maxSymlinks) return paths;
  throw new GloveboxError({
    code: 'tree-unsupported',
    message: `The base holds ${paths.length} symlinks and the change set adds one: expected at most ${BASE_FILE_BOUNDS.maxSymlinks}. Make that edit by hand.`,
    values: { symlinks: paths.length, maxSymlinks: BASE_FILE_BOUNDS.maxSymlinks },
  });
}

function withinBounds(paths: readonly string[], entries: ReadonlyMap<string, BaseEntry>): Set<string> {
  const wanted = new Set<string>();
  let totalBytes = 0;
  for (const path of paths) {
    const size = entries.get(path)?.size ?? 0;
    const fits = size <= BASE_FILE_BOUNDS.maxFileBytes && totalBytes + size <= BASE_FILE_BOUNDS.maxTotalBytes;
    if (wanted.has(path) || !fits) continue;
    wanted.add(path);
    totalBytes += size;
  }
  return wanted;
}

function isBlob(entry: BaseEntry | undefined): boolean {
  return entry !== undefined && entry.mode !== '160000';
}
