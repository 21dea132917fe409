/**
 * Watches from the inside what nobody else bounds in time: the kubelet counts a volume once a minute, and a pod has no
 * limit of processes (a kernel limit by uid would count every sandbox of the node). Only says what was passed.
 */
import { lstatSync, statfsSync } from 'node:fs';
import type { SandboxLimits } from '../../result/contract/phase-spec.ts';
import type { Clock } from '../../shared/clock.ts';
import { deletedButOpenBytes } from './deleted-files.ts';
import { type DiskUse, measureDiskUse } from './disk-use.ts';
import { taskCount } from './kernel-counters.ts';

/** A limit that was passed, with words for people. */
export interface PassedLimit {
  readonly kind: 'disk' | 'processes';
  readonly message: string;
}

/** What is watched. `places`: folders, each with the whole of `limits.diskBytes` and `limits.files`, or single files. */
export interface LimitsWatch {
  readonly clock: Clock;
  readonly limits: SandboxLimits;
  readonly places: readonly string[];
  /** Processes and threads now. */
  readonly tasks?: () => number;
  readonly signal: AbortSignal;
}

const LOOK_MS = 100;
const DISK_LOOK_MS = 1_000;
/** A fall of the free space since the last count that makes us count again at once. */
const HURRY_BYTES = 64 * 1024 * 1024;

/** Resolves with the first limit that is passed, or null once `signal` aborts. */
export async function watchLimits(watch: LimitsWatch): Promise<PassedLimit | null> {
  const before = freeSpace(watch.places);
  let dueAt = watch.clock.now() + DISK_LOOK_MS;
  let free = before.bytes;
  while (await slept(watch)) {
    const tooMany = overTasks(watch);
    if (tooMany !== null) return tooMany;
    const startedAt = watch.clock.now();
    if (startedAt < dueAt && free - freeSpace(watch.places).bytes < HURRY_BYTES) continue;
    const tooMuch = await overDisk(watch, before);
    if (tooMuch !== null) return tooMuch;
    const endedAt = watch.clock.now();
    // Counting may take at most a tenth of the time.
    dueAt = endedAt + Math.max(DISK_LOOK_MS, (endedAt - startedAt) * 10);
    free = freeSpace(watch.places).bytes;
  }
  return null;
}

function overTasks({ limits, tasks = taskCount }: LimitsWatch): PassedLimit | null {
  const count = tasks();
  if (count <= limits.processes) return null;
  return {
    kind: 'processes',
    message: `${count} processes and threads; expected at most ${limits.processes}.`,
  };
}

async function overDisk(watch: LimitsWatch, before: DiskUse): Promise<PassedLimit | null> {
  const most = { bytes: watch.limits.diskBytes, files: watch.limits.files };
  for (const place of watch.places) {
    const seen = await countPlace(place, most);
    const use = seen.hasClosed && hasFallenBy(watch, before) ? await measureDiskUse(place, most, true) : seen;
    if (use.bytes > most.bytes) return overBytes(`'${place}' holds`, use.bytes, most.bytes);
    if (use.files > most.files) {
      const message = `'${place}' holds more than ${most.files} files; expected at most that.`;
      return { kind: 'disk', message };
    }
  }
  const deleted = deletedButOpenBytes();
  return deleted > most.bytes ? overBytes('Deleted files that are open hold', deleted, most.bytes) : null;
}

function overBytes(what: string, bytes: number, most: number): PassedLimit {
  return { kind: 'disk', message: `${what} more than ${bytes} bytes; expected at most ${most}.` };
}

async function countPlace(place: string, most: DiskUse) {
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat?.isFile()) return { bytes: stat.blocks * 512, files: 1, hasClosed: false };
  return measureDiskUse(place, most);
}

/** What was put into closed folders shows in the file system's free space alone, beside what others put there. */
function hasFallenBy(watch: LimitsWatch, before: DiskUse): boolean {
  const now = freeSpace(watch.places);
  const { diskBytes, files } = watch.limits;
  return before.bytes - now.bytes > diskBytes || before.files - now.files > files;
}

function freeSpace([place]: readonly string[]): DiskUse {
  if (place === undefined) return { bytes: 0, files: 0 };
  const { bavail, bsize, ffree } = statfsSync(place);
  return { bytes: bavail * bsize, files: ffree };
}

/** False when the watch is over. */
async function slept({ clock, signal }: LimitsWatch): Promise<boolean> {
  try {
    await clock.sleep(LOOK_MS, signal);
    return true;
  } catch {
    return false;
  }
}
