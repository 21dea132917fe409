/**
 * Writes down what the sandbox adapter sees of a task's jobs, where it is another than the record says. The record is read
 * again then: what a job did before it ended is in the record that the decision is made from.
 */
import type { Db } from '../task/open-database.ts';
import type { JobRecord } from '../task/record.ts';
import { recordObservation } from '../task/store/record-observation.ts';
import { sameObservation } from './same-observation.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Looks at every job that may have something outside; true when the record has changed.
 * Errors: `sandbox-unavailable` (retry); what was seen before stays.
 */
export async function observeJobs(
  deps: { readonly db: Db; readonly sandbox: Sandbox },
  jobs: readonly JobRecord[],
): Promise<boolean> {
  let changed = false;
  for (const job of jobs.filter(isOutside)) {
    const seen = await deps.sandbox.observe(job.name);
    if (sameObservation(job.seen, seen)) continue;
    await recordObservation(deps.db, job.name, seen);
    changed = true;
  }
  return changed;
}

/** A job that was never launched may yet be there: its launch may have died before the note. Asked to stop, it is looked for. */
function isOutside(job: JobRecord): boolean {
  return !job.endedAt && (job.launchedAt !== null || job.stopAskedAt !== null);
}
