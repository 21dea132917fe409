/**
 * The clock that the kernel stamps files with ticks every few milliseconds. A mark taken from it divides the files that
 * were there before from those made later, without a grey zone.
 */
import { rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';

/** Resolves with a time (Unix milliseconds) later than the birth of every file there is. */
export async function fileClockMark(clock: Clock, folder: string): Promise<number> {
  const probe = join(folder, '.glovebox-clock-probe');
  // A check may have put a folder there.
  rmSync(probe, { recursive: true, force: true });
  const before = birthOfNew(probe);
  for (;;) {
    await clock.sleep(1);
    const now = birthOfNew(probe);
    if (now > before) return now;
  }
}

/** When a file came to be; its last write where the file system keeps no birth time. */
export function bornMs(stat: Stats): number {
  return stat.birthtimeMs === 0 ? stat.mtimeMs : stat.birthtimeMs;
}

function birthOfNew(path: string): number {
  writeFileSync(path, '');
  const born = bornMs(statSync(path));
  rmSync(path);
  return born;
}
