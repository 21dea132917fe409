/** The nine words that people read for how a task is: the same on GitHub, in the terminal and in the documents. */
import type { Task } from './task.ts';

const OUTCOMES = {
  verified: 'Verified',
  'needs-human': 'Needs a human',
  refused: 'Refused',
  aborted: 'Aborted',
  'budget-reached': 'Budget reached',
  errored: 'Errored',
} as const;

/** Outcome first; while it runs Accepted, Queued or Running. */
export function outcomeWord(task: Pick<Task, 'state' | 'outcome'>): string {
  if (task.outcome) return OUTCOMES[task.outcome];
  if (task.state === 'accepted') return 'Accepted';
  return task.state === 'queued' ? 'Queued' : 'Running';
}
