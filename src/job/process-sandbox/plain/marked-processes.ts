/**
 * Finds processes of ours that left their process group, by a marker in their environment (Linux). A process that also
 * cleared its environment is not found: where there is no pid namespace that stays open, and is said.
 */
import { readFileSync } from 'node:fs';
import type { ProcessRow } from '../process-table.ts';
import { readProcesses } from '../process-table.ts';

/** The variable's name; its value is LIFE/JOB/PHASE and no secret. */
export const MARKER = 'GLOVEBOX_SANDBOX';

/** Processes whose marker begins with `prefix`. */
export function markedProcesses(prefix: string): readonly ProcessRow[] {
  return readProcesses().filter((row) => row.pid !== process.pid && isMarked(row.pid, prefix));
}

function isMarked(pid: number, prefix: string): boolean {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    return entries.some((entry) => entry.startsWith(`${MARKER}=${prefix}`));
  } catch {
    return false;
  }
}
