/**
 * Looks at one running phase ten times a second and says when it is over a limit that no kernel limit covers: wall clock,
 * memory, disk, files. Only says so; ending the phase is the caller's.
 */
import { statfsSync } from 'node:fs';
import type { LimitKind } from '../../../result/contract/cell.ts';
import type { SandboxLimits } from '../../../result/contract/phase-spec.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { ProcessRow } from '../process-table.ts';
import type { TreeCgroup } from './cgroup.ts';
import { measureDiskUse } from './disk-use.ts';
import { proportionalBytes, residentBytes } from './memory-use.ts';

/** A writable volume and how many times the limit it may hold: the cells' copies are several. */
export interface WatchedVolume {
  readonly folder: string;
  readonly share: number;
}

/** What is watched. */
export interface PhaseWatch {
  readonly clock: Clock;
  readonly limits: SandboxLimits;
  /** Null: only the job's deadline bounds the phase's time. */
  readonly wallClockMs: number | null;
  readonly volumes: readonly WatchedVolume[];
  readonly cgroup: TreeCgroup | null;
  /** The phase's living processes now. */
  readonly tree: () => readonly ProcessRow[];
  readonly signal: AbortSignal;
}

const LOOK_MS = 100;
const DISK_LOOK_MS = 1_000;
/** A fall of the free space since the last count that makes us count again at once. */
const DISK_HURRY_BYTES = 64 * 1024 * 1024;

/** Resolves with the first limit that was passed, or null once `signal` aborts. */
export async function watchPhase(watch: PhaseWatch): Promise<LimitKind | null> {
  const ended = new AbortController();
  const signal = AbortSignal.any([watch.signal, ended.signal]);
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  try {
    return await Promise.race([
      watchTime(watch, signal),
      watchMemory(watch, signal),
      watchDisk(watch, signal),
      stopped,
    ]);
  } finally {
    ended.abort();
  }
}

async function watchTime(watch: PhaseWatch, signal: AbortSignal): Promise<LimitKind | null> {
  if (watch.wallClockMs === null) return never();
  return (await slept(watch.clock, watch.wallClockMs, signal)) ? 'time' : null;
}

async function watchMemory(watch: PhaseWatch, signal: AbortSignal): Promise<LimitKind | null> {
  while (await slept(watch.clock, LOOK_MS, signal)) {
    if (isOverMemory(watch)) return 'memory';
  }
  return null;
}

function isOverMemory({ cgroup, tree, limits }: PhaseWatch): boolean {
  if (cgroup !== null) return cgroup.outOfMemoryKills() > 0;
  const rows = tree();
  return residentBytes(rows) > limits.memoryBytes && proportionalBytes(rows) > limits.memoryBytes;
}

async function watchDisk(watch: PhaseWatch, signal: AbortSignal): Promise<LimitKind | null> {
  if (watch.volumes.length === 0) return never();
  const before = freeSpace(watch);
  let wait = LOOK_MS;
  while (await dueForCount(watch, wait, signal)) {
    const started = watch.clock.now();
    if (await isOverDisk(watch, before, signal)) return 'disk';
    // Counting may take at most a tenth of the time.
    wait = Math.max(DISK_LOOK_MS, (watch.clock.now() - started) * 10);
  }
  return null;
}

async function isOverDisk(watch: PhaseWatch, before: FreeSpace, signal: AbortSignal): Promise<boolean> {
  const { volumes, limits } = watch;
  for (const { folder, share } of volumes) {
    const use = await measureDiskUse(folder, signal);
    if (use === null) continue;
    if (use.bytes > limits.diskBytes * share || use.files > limits.files * share) return true;
    if (use.hasClosedFolders && hasFallenBy(watch, before, share)) return true;
  }
  return false;
}

/** What was put into folders that we cannot look into shows in the file system's free space alone. */
function hasFallenBy(watch: PhaseWatch, before: FreeSpace, share: number): boolean {
  const now = freeSpace(watch);
  const { diskBytes, files } = watch.limits;
  return before.bytes - now.bytes > diskBytes * share || before.files - now.files > files * share;
}

/** Waits until the next count is due: in time, or at once when the file system fills quickly. */
async function dueForCount(watch: PhaseWatch, waitMs: number, signal: AbortSignal): Promise<boolean> {
  const free = freeSpace(watch).bytes;
  for (let waited = 0; waited < waitMs; waited += LOOK_MS) {
    if (!(await slept(watch.clock, LOOK_MS, signal))) return false;
    if (free - freeSpace(watch).bytes > DISK_HURRY_BYTES) return true;
  }
  return true;
}

interface FreeSpace {
  readonly bytes: number;
  readonly files: number;
}

function freeSpace(watch: PhaseWatch): FreeSpace {
  const [first] = watch.volumes;
  if (first === undefined) return { bytes: 0, files: 0 };
  const { bavail, bsize, ffree } = statfsSync(first.folder);
  return { bytes: bavail * bsize, files: ffree };
}

/** False when the wait was ended. */
async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch {
    return false;
  }
}

function never(): Promise<null> {
  return new Promise(() => undefined);
}
