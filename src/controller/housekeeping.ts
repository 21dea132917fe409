/**
 * Tidying up, in every state and after the end: git tokens whose fetch phase is over are revoked, sandboxes that are
 * closed are asked to stop and, once nothing of them runs, removed. A runner that was told to stop gets a moment to end
 * by itself.
 */
import type { JobRecord, TaskRecord } from '../task/record.ts';
import type { Action } from './action.ts';

/** How long a closed job may run on before it is stopped, in milliseconds. */
const CLOSED_GRACE_MS = 3_000;
/** A stop that was asked for and not seen by then is asked for again, in milliseconds. */
const STOP_AGAIN_MS = 60_000;

/** The next thing to tidy up, or null. */
export function housekeeping(record: TaskRecord, now: number): Action | null {
  const spent = record.jobs.find(hasSpentToken);
  if (spent) return { do: 'revoke-token', job: spent.name };
  return endJobs(record, (job) => hadItsMoment(job, now), now);
}

/** Asks every closed job to stop before it waits for any; those of which nothing runs are removed. Null: none is left to do. */
export function endJobs(
  record: TaskRecord,
  mayStop: (job: JobRecord) => boolean,
  now: number,
): Action | null {
  const over = record.jobs.filter((job) => job.closedAt && !job.removedAt);
  const running = over.find((job) => !job.endedAt && mayStop(job) && wantsAsking(job, now));
  if (running) return { do: 'stop-job', job: running.name };
  const ended = over.find((job) => job.endedAt);
  return ended ? { do: 'remove-job', job: ended.name } : null;
}

function hasSpentToken(job: JobRecord): boolean {
  if (!job.gitToken) return false;
  const fetched = job.phase !== null && job.phase !== 'fetch';
  return fetched || job.closedAt !== null || job.endedAt !== null;
}

function hadItsMoment(job: JobRecord, now: number): boolean {
  return !job.launchedAt || !job.closedAt || now - job.closedAt.getTime() > CLOSED_GRACE_MS;
}

function wantsAsking(job: JobRecord, now: number): boolean {
  return !job.stopAskedAt || now - job.stopAskedAt.getTime() > STOP_AGAIN_MS;
}
