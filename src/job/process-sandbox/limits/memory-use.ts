/**
 * Memory of a process tree as seen in `/proc`, for machines where no cgroup may be written. Sharing counts once: the
 * resident sum is only the cheap first look.
 */
import { readFileSync } from 'node:fs';
import type { ProcessRow } from '../process-table.ts';

/** 4 KB on x64; arm64 kernels have 4, 16 or 64. */
const PAGE_BYTES = readPageBytes();

/** Upper bound in bytes: what the processes share is counted for each. */
export function residentBytes(tree: readonly ProcessRow[]): number {
  return tree.reduce((sum, row) => sum + row.residentPages * PAGE_BYTES, 0);
}

/** Bytes with shared pages divided among those who share them; processes that hide it count as resident. */
export function proportionalBytes(tree: readonly ProcessRow[]): number {
  return tree.reduce((sum, row) => sum + (proportionalOf(row.pid) ?? row.residentPages * PAGE_BYTES), 0);
}

function proportionalOf(pid: number): number | null {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1_024;
  } catch {
    return null;
  }
}

function readPageBytes(): number {
  try {
    const kilobytes = /^KernelPageSize:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/smaps', 'latin1'))?.[1];
    return Number(kilobytes ?? 4) * 1_024;
  } catch {
    return 4_096;
  }
}
