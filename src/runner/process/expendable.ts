/**
 * In a container of our own, what we start goes first when memory or processor time run out: the runner is the one that
 * can still say what happened. Neither can be undone from inside, where nobody has a capability.
 */
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const FIRST_TO_GO = '1000';
const NICE = 10;

/** Marks a child, whose own children inherit it. Does nothing where we are not the first process of a namespace. */
export function makeExpendable(pid: number | undefined): void {
  if (pid === undefined || process.pid !== 1) return;
  attempt(() => writeFileSync(`/proc/${pid}/oom_score_adj`, FIRST_TO_GO));
  attempt(() => setPriority(pid, NICE));
}

/** A child may have ended already. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {}
}
