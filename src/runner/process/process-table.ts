/** The processes that we can see in /proc, as plain rows; the base of killing and of proving that nothing is left. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { parseProcessStat } from '../../shared/process-stat.ts';

/** One process. `state` is the kernel's letter; `Z` and `X` are dead already. */
export interface ProcessRow {
  readonly pid: number;
  readonly ppid: number;
  /** Process group. */
  readonly group: number;
  readonly session: number;
  readonly state: string;
  readonly name: string;
}

/** All live processes; one that vanishes while we read is left out. None where the system has no /proc. */
export function liveProcesses(): ProcessRow[] {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => readRow(Number(pid)))
    .filter((row) => row.state !== 'Z' && row.state !== 'X');
}

/** The environment a process was started with; empty when it is not ours to read. */
export function environOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

/** A process's working directory, or null. */
export function cwdOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

function readRow(pid: number): ProcessRow[] {
  try {
    const stat = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    if (stat === null) return [];
    const { name, state, parent, group, session } = stat;
    return [{ pid, ppid: parent, group, session, state, name }];
  } catch {
    return [];
  }
}
