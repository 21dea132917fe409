/**
 * Writes down what the sandbox adapter sees of a task's jobs. Comes before the record is read: what a job did before it
 * ended is then in the record that the decision is made from.
 */
import type { Db } from '../task/open-database.ts';
import { liveJobs } from '../task/store/live-jobs.ts';
import { recordObservation } from '../task/store/record-observation.ts';
import type { Sandbox } from './sandbox.ts';

/** Looks at every launched job that has not ended. Errors: `sandbox-unavailable` (retry); what was seen before stays. */
export async function observeJobs(
  deps: { readonly db: Db; readonly sandbox: Sandbox },
  taskId: string,
): Promise<void> {
  for (const job of await liveJobs(deps.db, taskId)) {
    if (!job.launched || job.ended) continue;
    await recordObservation(deps.db, job.name, await deps.sandbox.observe(job.name));
  }
}
