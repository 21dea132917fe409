/**
 * The machine's processes as `/proc` shows them: who descends from whom, and the proof that one is gone. On systems
 * without `/proc` the table is empty and proofs fall back to signal 0.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseProcessStat } from '../../shared/process-stat.ts';
import type { ProcessRef } from './options.ts';

/** One row of the table. */
export interface ProcessRow extends ProcessRef {
  readonly startTime: number;
  readonly parent: number;
  readonly group: number;
  /** `Z` and `X` are dead. */
  readonly state: string;
  readonly residentPages: number;
}

/** Reads one process, or null when there is none of that number. */
export function readProcess(pid: number): ProcessRow | null {
  try {
    const stat = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    if (stat === null) return null;
    const { state, parent, group, startTime, residentPages } = stat;
    return { pid, state, parent, group, startTime, residentPages };
  } catch {
    return null;
  }
}

/** All processes now; 3 to 9 ms for some hundred. */
export function readProcesses(): readonly ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const name of listProc()) {
    const row = /^\d+$/.test(name) ? readProcess(Number(name)) : null;
    if (row !== null) rows.push(row);
  }
  return rows;
}

/** The tree under `root`: by parenthood and, for those whose parent died without a pid namespace, by process group. */
export function treeOf(rows: readonly ProcessRow[], root: number): readonly ProcessRow[] {
  const children = Map.groupBy(rows, (row) => row.parent);
  const found = new Map<number, ProcessRow>();
  const open = rows.filter((row) => row.pid === root || row.group === root);
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    if (found.has(row.pid)) continue;
    found.set(row.pid, row);
    open.push(...(children.get(row.pid) ?? []));
  }
  return [...found.values()].filter((row) => !isDead(row));
}

/** True when the process has ended; a zombie has. The first process of a pid namespace ends last of its namespace. */
export function isGone(ref: ProcessRef): boolean {
  if (ref.startTime === null) return !answersSignal(ref.pid);
  const row = readProcess(ref.pid);
  return row === null || row.startTime !== ref.startTime || isDead(row);
}

/** A reference that a later process of the same number cannot be mistaken for. */
export function refOf(pid: number): ProcessRef {
  return { pid, startTime: readProcess(pid)?.startTime ?? null };
}

/** Sends a signal to this very process and says whether it was there. */
export function signalProcess(ref: ProcessRef, signal: NodeJS.Signals): boolean {
  if (isGone(ref)) return false;
  try {
    return process.kill(ref.pid, signal);
  } catch {
    return false;
  }
}

function isDead(row: ProcessRow): boolean {
  return row.state === 'Z' || row.state === 'X';
}

function listProc(): readonly string[] {
  try {
    return readdirSync('/proc');
  } catch {
    return [];
  }
}

function answersSignal(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
