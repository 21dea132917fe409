/**
 * Copies a tree as the file system offers it: an overlay that the adapter mounted already, reflinks, or plain `cp -a`.
 * Node's own `cp` is ten times slower and loses names that are not UTF-8.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PhaseFailedError } from '../phase-failed.ts';
import { runCommand } from './run-command.ts';

/** How a tree was copied and how long it took. */
export interface CopyFact {
  readonly method: 'overlay' | 'reflink' | 'cp';
  readonly ms: number;
}

const MOUNTS = '/proc/self/mountinfo';
const COPY_TIMEOUT_MS = 10 * 60_000;
const PLAIN_PATH = { PATH: '/usr/local/bin:/usr/bin:/bin' };

/**
 * Makes `to` hold what `from` holds (owner, modes and times kept, links as links). A `to` that is an overlay mount with
 * content stands already. Fails as `internal` with cp's words.
 */
export async function copyTree(from: string, to: string): Promise<CopyFact> {
  const startedAt = performance.now();
  const fact = (method: CopyFact['method']) => ({ method, ms: Math.round(performance.now() - startedAt) });
  mkdirSync(to, { recursive: true });
  if (isOverlay(to) && readdirSync(to).length > 0) return fact('overlay');
  const reflink = await takesReflinks(from, to);
  const end = await cp(['-a', ...(reflink ? ['--reflink=always'] : []), '--', `${from}/.`, to]);
  if (end.exitCode === 0) return fact(reflink ? 'reflink' : 'cp');
  throw new PhaseFailedError({
    code: 'internal',
    message: `Copying '${from}' to '${to}' failed with exit ${end.exitCode ?? end.signal}: expected a complete copy.`,
    outputTail: end.capture.lastLines(20),
  });
}

/** Removes a tree even where folders in it were made read-only (Go's module cache). */
export async function removeTree(path: string | Buffer): Promise<void> {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    await runCommand({ ...plain, argv: ['chmod', '-R', 'u+rwX', '--', path.toString()] });
    rmSync(path, { recursive: true, force: true });
  }
}

/** Removes what is in a folder; the folder itself may be a mount point. */
export async function emptyFolder(path: string): Promise<void> {
  for (const name of readdirSync(path, { encoding: 'buffer' })) {
    await removeTree(Buffer.concat([Buffer.from(`${path}/`), name]));
  }
}

const plain = { cwd: '/', env: PLAIN_PATH, timeoutMs: COPY_TIMEOUT_MS, maxOutputBytes: 1_000_000 };

function cp(args: readonly string[]) {
  return runCommand({ ...plain, argv: ['cp', ...args] });
}

/** One byte cloned from volume to volume tells; a cp without the option says no. */
async function takesReflinks(from: string, to: string): Promise<boolean> {
  const probe = join(to, '.glovebox-reflink-probe');
  const any = readdirSync(from, { withFileTypes: true }).find((entry) => entry.isFile());
  if (any === undefined) return false;
  try {
    writeFileSync(probe, '');
    return (await cp(['--reflink=always', '--', join(from, any.name), probe])).exitCode === 0;
  } finally {
    rmSync(probe, { force: true });
  }
}

function isOverlay(path: string): boolean {
  if (!existsSync(MOUNTS)) return false;
  const mounts = readFileSync(MOUNTS, 'utf8').split('\n');
  return mounts.some((line) => {
    const [before = '', after = ''] = line.split(' - ');
    return before.split(' ')[4] === path && after.startsWith('overlay ');
  });
}
