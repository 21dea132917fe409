/** One process at a time on an embedded store: a lock file beside its folder, freed when its holder has died. */
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { GloveboxError } from '../shared/errors.ts';
import { parseProcessStat } from '../shared/process-stat.ts';

/** Takes the lock; the answer gives it back. Errors: `store-in-use` names the process that holds it, `store-unusable`. */
export function lockFolder(folder: string): () => void {
  const path = `${folder.replace(/\/+$/, '')}.lock`;
  prepare(folder, path);
  if (!take(path)) {
    const holder = holderOf(path);
    if (holder !== null) throw inUse(folder, holder);
    rmSync(path, { force: true });
    if (!take(path)) throw inUse(folder, holderOf(path) ?? 0);
  }
  return () => rmSync(path, { force: true });
}

function prepare(folder: string, path: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false)
    throw unusable(folder, 'it is a file');
  try {
    mkdirSync(dirname(path), { recursive: true });
    accessSync(dirname(path), constants.W_OK);
  } catch (cause) {
    throw unusable(folder, cause instanceof Error ? cause.message : 'unknown error', cause);
  }
}

function unusable(folder: string, why: string, cause?: unknown): GloveboxError {
  return new GloveboxError({
    code: 'store-unusable',
    message: `The embedded store in '${folder}' cannot be kept there: ${why}. Name a folder that this user may write to.`,
    cause,
  });
}

function take(path: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600);
    writeSync(file, JSON.stringify({ pid: process.pid, start: startOf(process.pid) }));
    closeSync(file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The living process that holds the lock, or null: a number that was given out again has another start time. */
function holderOf(path: string): number | null {
  try {
    const held: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof held !== 'object' || held === null || !('pid' in held) || typeof held.pid !== 'number')
      return null;
    process.kill(held.pid, 0);
    const start = 'start' in held ? held.start : null;
    return start === null || start === startOf(held.pid) ? held.pid : null;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? 0 : null;
  }
}

/** When it began, which tells it from a later process of its number; null where `/proc` does not say. */
function startOf(pid: number): string | null {
  try {
    const stat = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return stat === null ? null : String(stat.startTime);
  } catch {
    return null;
  }
}

function inUse(folder: string, pid: number): GloveboxError {
  return new GloveboxError({
    code: 'store-in-use',
    message: `The embedded store in '${folder}' is in use by process ${pid}: expected one process at a time. Stop it, or use PostgreSQL by DATABASE_URL.`,
  });
}
