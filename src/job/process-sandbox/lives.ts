/**
 * One folder per life of our process. A life that began finds those that ended without tidying up, by the process number
 * and start time in their lock file, and removes what they left; lives that still run are not touched.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { RandomBytes } from '../../shared/ids.ts';
import type { ProcessRef } from './options.ts';
import { isGone, refOf } from './process-table.ts';

const Ref = z.strictObject({ pid: z.int().min(1), startTime: z.int().nullable() });
const Lock = z.strictObject({ ...Ref.shape, bootId: z.string() });

/** This life's folder, held by a lock file until `deleteTree`. */
export interface Life {
  readonly id: string;
  readonly folder: string;
}

const UNFINISHED = '.new-';

/** Begins a life: the folder appears under its name only with its lock in it. */
export function beginLife(root: string, random: RandomBytes): Life {
  const id = Buffer.from(random(6)).toString('hex');
  const unfinished = join(root, UNFINISHED + id);
  mkdirSync(unfinished, { recursive: true, mode: 0o711 });
  const self = refOf(process.pid);
  writeFileSync(join(unfinished, 'lock.json'), JSON.stringify({ ...self, bootId: bootId() }), {
    mode: 0o600,
  });
  const folder = join(root, id);
  renameSync(unfinished, folder);
  return { id, folder };
}

/** Lives whose process is gone. A lock that cannot be read counts as ended: we wrote it whole or not at all. */
export function endedLives(root: string): readonly Life[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => !name.startsWith(UNFINISHED))
    .map((id) => ({ id, folder: join(root, id) }))
    .filter(({ folder }) => hasEnded(folder));
}

/** Notes a tree's first process, so that a later life can end it; it outlives us only where nothing else ends it. */
export function noteProcess(life: Life, name: string, ref: ProcessRef): void {
  const folder = join(life.folder, 'processes');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(ref), { mode: 0o600 });
}

/** The processes that a life noted and that still run. */
export function notedProcesses(life: Life): readonly ProcessRef[] {
  const folder = join(life.folder, 'processes');
  if (!existsSync(folder) || wasOtherBoot(life.folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => parse(Ref, join(folder, name)) ?? [])
    .filter((ref) => !isGone(ref));
}

function hasEnded(folder: string): boolean {
  const lock = parse(Lock, join(folder, 'lock.json'));
  return lock === null || lock.bootId !== bootId() || isGone(lock);
}

function wasOtherBoot(folder: string): boolean {
  return parse(Lock, join(folder, 'lock.json'))?.bootId !== bootId();
}

function parse<T>(schema: z.ZodType<T>, file: string): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
