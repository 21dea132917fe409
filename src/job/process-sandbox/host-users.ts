/**
 * Host uids for sandboxes where we are root: two per running job, from 20,000 on, which need no entry in passwd. A number
 * under which something already runs on this machine (another life of ours, say) is skipped.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { JobUsers } from './job-folders.ts';
import { readProcesses } from './process-table.ts';

/** Hands out uids; `give` back after the job's folders are deleted. */
export interface HostUsers {
  take(): JobUsers;
  give(users: JobUsers): void;
}

const NOBODY: HostUsers = { take: () => ({ code: null, deliver: null }), give: () => undefined };
const MOST_JOBS = 10_000;

/** For root; everybody else runs sandboxes as themselves. */
export function createHostUsers(isRoot: boolean, firstUid: number): HostUsers {
  if (!isRoot) return NOBODY;
  const taken = new Set<number>();
  return {
    take: () => {
      const running = runningUids();
      for (let uid = firstUid; uid < firstUid + 2 * MOST_JOBS; uid += 2) {
        if (taken.has(uid) || running.has(uid) || running.has(uid + 1)) continue;
        taken.add(uid);
        return { code: { uid, gid: uid }, deliver: { uid: uid + 1, gid: uid } };
      }
      throw new Error(`No free uid from ${firstUid} on for a sandbox`);
    },
    give: ({ code }) => {
      if (code !== null) taken.delete(code.uid);
    },
  };
}

/** The first folder on the way to `path` that other users cannot pass, or null. */
export function closedFolder(path: string): string | null {
  const parent = dirname(path);
  if (parent === path) return null;
  const above = closedFolder(parent);
  if (above !== null) return above;
  return (statSync(parent).mode & 0o001) === 0 ? parent : null;
}

function runningUids(): ReadonlySet<number> {
  return new Set(
    readProcesses().flatMap(({ pid }) => statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? []),
  );
}
