/**
 * Tidying up, in every state and after the end: git tokens whose fetch phase is over are revoked, sandboxes that are
 * closed are stopped and removed. A runner that was told to stop gets a moment to end by itself.
 */
import type { JobRecord, TaskRecord } from '../task/record.ts';
import type { Action } from './action.ts';

/** How long a closed job may run on before it is stopped, in milliseconds. */
const CLOSED_GRACE_MS = 3_000;

/** The next thing to tidy up, or null. */
export function housekeeping(record: TaskRecord, now: number): Action | null {
  const spent = record.jobs.find(hasSpentToken);
  if (spent) return { do: 'revoke-token', job: spent.name };
  const over = record.jobs.find((job) => isRemovable(job, now));
  return over ? { do: 'remove-job', job: over.name } : null;
}

function hasSpentToken(job: JobRecord): boolean {
  if (!job.gitToken) return false;
  const fetched = job.phase !== null && job.phase !== 'fetch';
  return fetched || job.closedAt !== null || job.endedAt !== null;
}

function isRemovable(job: JobRecord, now: number): boolean {
  if (job.removedAt || !job.closedAt) return false;
  if (job.endedAt || !job.launchedAt) return true;
  return now - job.closedAt.getTime() > CLOSED_GRACE_MS;
}
