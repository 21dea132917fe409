/**
 * From a workspace to its change set: what the agent made different from the base, found by hashing. What setup left
 * there and the agent did not touch is not the agent's. What the wire form cannot carry is refused by name, so that the
 * agent can mend it; nothing is dropped silently.
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { CHANGE_SET_BOUNDS, type ChangeEntry, type ChangeSet } from '../../result/contract/change-set.ts';
import { PhaseFailedError } from '../phase-failed.ts';
import { compareTrees, isSame, type TreeChange } from './compare-trees.ts';
import { type IsIgnored, readIgnoreRules } from './ignore-rules.ts';
import { listTree, pathBytes, type TreeListing } from './list-tree.ts';

/** What is known before the agent starts. */
export interface Baseline {
  readonly baseSha: string;
  readonly workspace: string;
  readonly base: TreeListing;
  /** The workspace as setup left it. */
  readonly afterSetup: TreeListing;
  readonly ignoredAfterSetup: ReadonlySet<string>;
  readonly isIgnored: IsIgnored;
}

/** Lists `source` and the workspace; call it after setup and before the agent or an earlier round's change set. */
export async function takeBaseline(source: string, workspace: string, baseSha: string): Promise<Baseline> {
  const base = await listTree(source);
  const folders = trackedFolders(base);
  const rules = readIgnoreRules(source, base);
  // Ignore rules never apply to what is tracked.
  const isIgnored: IsIgnored = (path, folder) => !(folder ? folders : base).has(path) && rules(path, folder);
  const ignored = new Set<string>();
  const afterSetup = await listTree(workspace, { isIgnored, onIgnored: (path) => void ignored.add(path) });
  return { baseSha, workspace, base, afterSetup, ignoredAfterSetup: ignored, isIgnored };
}

/** Fails as `change-set-refused`, naming the path and why. */
export async function collectChangeSet(baseline: Baseline): Promise<ChangeSet> {
  let ignoredFiles = 0;
  const now = await listTree(baseline.workspace, {
    isIgnored: baseline.isIgnored,
    onIgnored: (path) => {
      if (!baseline.ignoredAfterSetup.has(path)) ignoredFiles++;
    },
  });
  const changes = compareTrees(baseline.base, now);
  const isSetups = ({ path, after }: TreeChange) => isSame(after, baseline.afterSetup.get(path) ?? null);
  const byAgent = changes.filter((change) => !isSetups(change));
  if (byAgent.length > CHANGE_SET_BOUNDS.maxEntries) {
    throw refused(`${byAgent.length} changed files`, `at most ${CHANGE_SET_BOUNDS.maxEntries}`);
  }
  return {
    baseSha: baseline.baseSha,
    entries: sorted(toEntries(baseline.workspace, byAgent)),
    ignoredFiles,
    setupAltered: changes
      .filter((change) => change.before !== null && isSetups(change))
      .slice(0, 50)
      .map((change) => Buffer.from(change.path, 'latin1').toString('utf8')),
  };
}

function toEntries(workspace: string, changes: readonly TreeChange[]): ChangeEntry[] {
  let total = 0;
  return changes.map((change) => {
    const path = wirePath(change.path);
    if (change.after === null) return { op: 'delete', path };
    const { kind, mode } = change.after;
    if (kind === 'other' || mode === '000000')
      throw refused(`'${path}' is ${change.after.hash}`, 'a file or a link');
    const content = kind === 'symlink' ? readLink(workspace, change.path) : readFile(workspace, change.path);
    total += content.length;
    if (total > CHANGE_SET_BOUNDS.maxTotalBytes) {
      throw refused(`more than ${CHANGE_SET_BOUNDS.maxTotalBytes} changed bytes`, 'less in sum');
    }
    return { op: 'put', path, mode, contentBase64: content.toString('base64') };
  });
}

function sorted(entries: ChangeEntry[]): ChangeEntry[] {
  return entries.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

function wirePath(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1');
  if (bytes.length > CHANGE_SET_BOUNDS.maxPathBytes) {
    throw refused(`a path of ${bytes.length} bytes`, `at most ${CHANGE_SET_BOUNDS.maxPathBytes}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused(`the path '${bytes.toString('utf8')}' is not UTF-8`, 'a UTF-8 name');
  }
}

/** Size first, then bytes: a file that grows while it is read stays bounded. */
function readFile(workspace: string, path: string): Buffer {
  const { maxFileBytes } = CHANGE_SET_BOUNDS;
  const fd = openForReading(workspace, path);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw refused(`'${shown(path)}' changed while it was read`, 'a file');
    if (stat.size > maxFileBytes) {
      throw refused(`'${shown(path)}' of ${stat.size} bytes`, `at most ${maxFileBytes} a file`);
    }
    const buffer = Buffer.alloc(stat.size);
    let length = 0;
    for (let read = 1; read > 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, length);
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

function openForReading(workspace: string, path: string): number {
  try {
    return openSync(
      pathBytes(workspace, path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch {
    throw refused(`'${shown(path)}', which changed while it was read`, 'a tree at rest');
  }
}

function readLink(workspace: string, path: string): Buffer {
  try {
    return readlinkSync(pathBytes(workspace, path), { encoding: 'buffer' });
  } catch {
    throw refused(`'${shown(path)}', which changed while it was read`, 'a tree at rest');
  }
}

function trackedFolders(base: TreeListing): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const path of base.keys()) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      folders.add(path.slice(0, slash));
    }
  }
  return folders;
}

function shown(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

function refused(saw: string, expected: string): PhaseFailedError {
  return new PhaseFailedError({
    code: 'change-set-refused',
    message: `The change set cannot carry ${saw}; expected ${expected}.`,
  });
}
