/**
 * A phase's own output on disk, for operators: the first bytes up to a bound, then only counted. Never paused, so that a
 * flood costs the sandbox its time and us neither memory nor disk.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Counts one phase's output. */
export interface BoundedLog {
  totalBytes(): number;
  /** Writes the note about what was dropped and closes the file; later bytes are only counted. */
  close(): void;
}

/** Drains the streams into `file`. A full disk ends the file, never the draining: the sandbox may have filled it. */
export function keepLog(file: string, streams: readonly Readable[], maxBytes: number): BoundedLog {
  let fd = attempt(() => openSync(file, 'w', 0o600));
  let total = 0;
  const write = (bytes: Uint8Array) => {
    const open = fd;
    if (open === null || bytes.length === 0) return;
    if (attempt(() => writeSync(open, bytes)) === null) fd = close(open);
  };
  const keep = (chunk: Buffer) => {
    write(chunk.subarray(0, Math.max(0, maxBytes - total)));
    total += chunk.length;
  };
  for (const stream of streams) {
    stream.on('data', keep);
    stream.on('error', () => undefined);
  }
  return {
    totalBytes: () => total,
    close: () => {
      if (total > maxBytes) write(Buffer.from(`\n(${maxBytes} of ${total} bytes)\n`));
      if (fd !== null) fd = close(fd);
    },
  };
}

function close(fd: number): null {
  attempt(() => closeSync(fd));
  return null;
}

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}
