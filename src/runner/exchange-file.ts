/**
 * The files by which verify and deliver meet: written whole or not at all, read with bounds and parsed, since each side
 * takes the other's for hostile.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Clock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';

/** Over what results may take (MAX_RESULT_BYTES), and what a change set takes within the contract's bounds. */
const MAX_BYTES = 40 * 1024 * 1024;

/** Writes `NAME.part`, then renames it. What code of others put there in its way, a folder or a link, goes. */
export function writeExchange(folder: string, name: string, value: unknown): void {
  const part = join(folder, `${name}.part`);
  rmSync(part, { recursive: true, force: true });
  if (lstatSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory()) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  writeFileSync(part, JSON.stringify(value), { mode: 0o644 });
  renameSync(part, join(folder, name));
}

/** The parsed file, or null while it is not there. Error `exchange-invalid` when it is not what the contract says. */
export function readExchange<T extends z.ZodType>(
  schema: T,
  folder: string,
  name: string,
): z.infer<T> | null {
  const path = join(folder, name);
  if (!existsSync(path)) return null;
  try {
    return schema.parse(JSON.parse(boundedText(path)));
  } catch (cause) {
    throw new GloveboxError({
      code: 'exchange-invalid',
      message: `'${path}' cannot be read: expected a regular file of at most ${MAX_BYTES} bytes as the contract says.`,
      audience: 'sandbox',
      cause,
    });
  }
}

/** Asks `look` every 100 ms until it answers something; null once `signal` aborts. */
export async function waitFor<T>(
  clock: Clock,
  signal: AbortSignal,
  look: () => T | null | Promise<T | null>,
): Promise<T | null> {
  while (!signal.aborted) {
    const found = await look();
    if (found !== null) return found;
    await clock.sleep(100, signal).catch(() => {});
  }
  return null;
}

function boundedText(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_BYTES) throw new Error('not a regular file of allowed size');
    // No more than was there: the other side may go on writing.
    const bytes = Buffer.alloc(stat.size);
    return bytes.subarray(0, readSync(fd, bytes, 0, stat.size, 0)).toString('utf8');
  } finally {
    closeSync(fd);
  }
}
