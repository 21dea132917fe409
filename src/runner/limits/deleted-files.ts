/** Files that were deleted while a process still holds them open: they fill a disk, and no folder shows them. */
import { readdirSync, readlinkSync, type Stats, statSync } from 'node:fs';

/** Their bytes, over all processes that we can see; each file once. */
export function deletedButOpenBytes(): number {
  const seen = new Map<string, number>();
  for (const pid of list('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of list(`/proc/${pid}/fd`)) {
      const stat = deletedFile(`/proc/${pid}/fd/${fd}`);
      if (stat !== null) seen.set(`${stat.dev}:${stat.ino}`, stat.blocks * 512);
    }
  }
  return [...seen.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** The file behind a descriptor whose name says that it is gone. */
function deletedFile(path: string): Stats | null {
  try {
    if (!readlinkSync(path).endsWith(' (deleted)')) return null;
    const stat = statSync(path);
    return stat.isFile() ? stat : null;
  } catch {
    return null;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
