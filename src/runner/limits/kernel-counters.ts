/** What the kernel counts for our own container, as far as it is mounted inside (cgroup v2, or v1's controllers). */
import { readdirSync, readFileSync } from 'node:fs';

const OOM_FILES = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'];
const TASK_FILES = ['/sys/fs/cgroup/pids.current', '/sys/fs/cgroup/pids/pids.current'];

/** Processes that the kernel ended because the container's memory was full; null where it does not say. */
export function outOfMemoryKills(): number | null {
  const text = firstOf(OOM_FILES);
  const found = /^oom_kill (\d+)$/m.exec(text ?? '')?.[1];
  return found === undefined ? null : Number(found);
}

/** Processes and threads of the container, ended ones that nobody waited for included; what /proc shows where it is not counted. */
export function taskCount(): number {
  const text = firstOf(TASK_FILES);
  return text === null ? processesInProc() : Number(text);
}

function processesInProc(): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
}

function firstOf(files: readonly string[]): string | null {
  for (const file of files) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      // The other version's file, or none.
    }
  }
  return null;
}
