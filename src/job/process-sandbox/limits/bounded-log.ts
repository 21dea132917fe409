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

/** Drains both streams into `file`. */
export function keepLog(file: string, streams: readonly Readable[], maxBytes: number): BoundedLog {
  let fd: number | null = openSync(file, 'w', 0o600);
  let total = 0;
  const keep = (chunk: Buffer) => {
    const room = maxBytes - total;
    total += chunk.length;
    if (fd !== null && room > 0) writeSync(fd, chunk.subarray(0, room));
  };
  for (const stream of streams) {
    stream.on('data', keep);
    stream.on('error', () => undefined);
  }
  return {
    totalBytes: () => total,
    close: () => {
      if (fd === null) return;
      if (total > maxBytes) writeSync(fd, `\n(${maxBytes} of ${total} bytes)\n`);
      closeSync(fd);
      fd = null;
    },
  };
}
