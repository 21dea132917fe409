/**
 * Tidying up, in every state and after the end: sandboxes that are closed are asked to stop and, once nothing of them
 * runs, removed; git tokens whose fetch phase is over are revoked. A runner that was told to stop gets a moment to end
 * by itself.
 */
import type { JobRecord, TaskRecord } from '../task/record.ts';
import type { Action } from './action.ts';

/** How long a closed job may run on before it is stopped, in milliseconds. */
const CLOSED_GRACE_MS = 3_000;
/** A stop that was asked for and not seen by then is asked for again, in milliseconds. */
const STOP_AGAIN_MS = 60_000;

/** The next thing to tidy up, or null. Sandboxes first: they take places, and nobody at GitHub can hold them up. */
export function housekeeping(record: TaskRecord, now: number): Action | null {
  const end = endJobs(record, (job) => hadItsMoment(job, now), now);
  if (end) return end;
  const spent = record.jobs.find((job) => hasSpentToken(job) && (job.revokeAt?.getTime() ?? 0) <= now);
  return spent ? { do: 'revoke-token', job: spent.name } : null;
}

/** Until the next try to revoke a token, in milliseconds; null: none is planned. */
export function nextRevocationMs(record: TaskRecord, now: number): number | null {
  const due = record.jobs.filter(hasSpentToken).map((job) => (job.revokeAt?.getTime() ?? now) - now);
  return due.length === 0 ? null : Math.max(0, Math.min(...due));
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
