/**
 * What the platform has against a launched job. Some of it ends the task at once; the rest passes, and the job waits with a
 * patience of its own: waiting for room is no work, and eats nothing of work's time.
 */
import type { JobRecord, TaskRecord } from '../task/record.ts';
import { START_PATIENCE_MS, WAIT_PATIENCE_MS } from '../task/wait-patience.ts';
import type { Ending } from './failure-outcome.ts';
import type { Loss } from './job-end.ts';
import { noRoom, startRefused } from './platform-ending.ts';

/** A queue is there to make jobs wait: its jobs are given up after a day. */
const QUEUE_PATIENCE_MS = 24 * 3_600_000;

/**
 * Null while the job may still start by itself. `since`: from when on the job's wait is a wait of the task (a verify job
 * beside the agent keeps nobody waiting before the seal).
 */
export function troubleEnding(
  record: TaskRecord,
  job: JobRecord,
  when: { readonly now: number; readonly since: number },
): Ending | null {
  return startRefused(record, job) ?? outOfPatience(job, when);
}

/**
 * What a job is lost by that its node tries to start in vain for too long: another one may come to a better node. Null while
 * it may still start, or while something of it runs: deliver apart, which only waits for the verify beside it. A job of a
 * queue waits for its pod's own deadline, since nobody knows when its turn came.
 */
export function stuckLoss(
  job: JobRecord,
  when: { readonly now: number; readonly since: number },
): Loss | null {
  const { seen, launchedAt } = job;
  if (seen?.trouble?.kind !== 'start-failed' || job.endedAt || !launchedAt || job.queued) return null;
  if (seen.phases.some(({ phase, state }) => state === 'running' && phase !== 'deliver')) return null;
  const from = Math.max(when.since, launchedAt.getTime(), ...seen.phases.map(({ endedAt }) => endedAt ?? 0));
  if (when.now - from <= START_PATIENCE_MS) return null;
  const phase = seen.phases.find(({ reason }) => reason !== 'completed')?.phase ?? 'start';
  return { phase, cause: 'start-failed', message: seen.trouble.message };
}

function outOfPatience(
  job: JobRecord,
  when: { readonly now: number; readonly since: number },
): Ending | null {
  if (job.seen?.state !== 'waiting' || job.endedAt || !job.launchedAt) return null;
  const waitedMs = when.now - Math.max(when.since, job.launchedAt.getTime());
  return waitedMs > (job.queued ? QUEUE_PATIENCE_MS : WAIT_PATIENCE_MS) ? noRoom(job, waitedMs) : null;
}
