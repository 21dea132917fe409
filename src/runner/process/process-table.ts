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
  /** Working directory; null when it is not ours to read. */
  readonly cwd: string | null;
  /** The environment it was started with; empty when it is not ours to read. */
  readonly environ: string;
}

/**
 * All live processes, the newest first and each read whole: who lives for some milliseconds only is among the newest, and
 * gone before hundreds of others have been read. One that vanishes meanwhile is left out. None where there is no /proc.
 */
export function liveProcesses(): ProcessRow[] {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((one, other) => other - one)
    .flatMap(readRow)
    .filter((row) => isLive(row.state));
}

function environOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

function cwdOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

function readRow(pid: number): ProcessRow[] {
  const stat = readStat(pid);
  if (stat === null) return [];
  const { name, state, parent, group, session } = stat;
  const row = { pid, ppid: parent, group, session, state, name, cwd: cwdOf(pid), environ: environOf(pid) };
  // who ended between the two reads would stand there as a stranger, in a group that is ours
  return row.cwd === null && row.environ === '' && !isLive(readStat(pid)?.state) ? [] : [row];
}

function isLive(state: string | undefined): boolean {
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function readStat(pid: number): ReturnType<typeof parseProcessStat> {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}
