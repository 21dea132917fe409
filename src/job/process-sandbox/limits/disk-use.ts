/** What a volume holds, by `du`: blocks and inodes, links counted once, nothing followed. */
import { execFile } from 'node:child_process';

/** Space and files of one volume. */
export interface DiskUse {
  readonly bytes: number;
  readonly files: number;
  /** Folders that their owner closed, which only root can look into, are left out of the numbers. */
  readonly hasClosedFolders: boolean;
}

/** Counts. Null: `du` gave no number. */
export async function measureDiskUse(folder: string, signal: AbortSignal): Promise<DiskUse | null> {
  const [space, inodes] = await Promise.all([
    runDu(['-s', '-k', folder], signal),
    runDu(['-s', '--inodes', folder], signal),
  ]);
  if (space === null) return null;
  return { bytes: space.sum * 1_024, files: inodes?.sum ?? 0, hasClosedFolders: space.isDenied };
}

function runDu(
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly sum: number; readonly isDenied: boolean } | null> {
  const options = { signal, maxBuffer: 64 * 1024 * 1024, timeout: 120_000, env: { LC_ALL: 'C' } };
  return new Promise((resolve) => {
    // Entries that vanish meanwhile make du exit 1; its sum still counts.
    execFile('/usr/bin/du', args, options, (_error, stdout, stderr) => {
      const sum = /^(\d+)\t/.exec(stdout)?.[1];
      resolve(
        sum === undefined ? null : { sum: Number(sum), isDenied: stderr.includes('Permission denied') },
      );
    });
  });
}
