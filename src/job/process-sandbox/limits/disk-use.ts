/** What a volume holds, by `du`: blocks and inodes, links counted once, nothing followed. */
import { execFile } from 'node:child_process';

/** Space and files of one volume. */
export interface DiskUse {
  readonly bytes: number;
  readonly files: number;
}

/** Counts; what cannot be read is left out (a folder that its owner closed for itself). Null: `du` gave no number. */
export async function measureDiskUse(folder: string, signal: AbortSignal): Promise<DiskUse | null> {
  const [kilobytes, files] = await Promise.all([
    runDu(['-s', '-k', folder], signal),
    runDu(['-s', '--inodes', folder], signal),
  ]);
  return kilobytes === null ? null : { bytes: kilobytes * 1_024, files: files ?? 0 };
}

function runDu(args: readonly string[], signal: AbortSignal): Promise<number | null> {
  return new Promise((resolve) => {
    // Entries that vanish meanwhile make du exit 1; its sum still counts.
    execFile('du', args, { signal, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 }, (_error, stdout) => {
      const sum = /^(\d+)\t/.exec(stdout)?.[1];
      resolve(sum === undefined ? null : Number(sum));
    });
  });
}
