/** What takes a place in the caps on concurrency: every task that is past the queue and has not ended. */
import type { TaskState } from '../task.ts';

export const RUNNING_STATES: readonly TaskState[] = ['working', 'verifying', 'judging', 'publishing'];
