/** Puts a tree's first process under its limits before anything of the phase runs; without them it does not run. */
import type { PhaseCommand, ProcessRef } from './options.ts';

/** Null: admitted. Else why not (a cgroup that cannot be joined, a disk that is full). */
export function admit(command: PhaseCommand, root: ProcessRef): string | null {
  try {
    command.admit(root);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
