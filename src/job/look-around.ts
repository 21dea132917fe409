/**
 * Compares all that the platform runs with all that the record expects, each minute, since hints get lost: sandboxes without
 * a job are removed, and tasks whose job is another than the record says (or is gone) are to look at it. One list and one
 * statement, however many tasks run.
 */
import type { Db } from '../task/open-database.ts';
import { placedJobs } from '../task/store/placed-jobs.ts';
import { removeOrphans } from './cleanup.ts';
import { sameObservation } from './same-observation.ts';
import type { Sandbox } from './sandbox.ts';

/** What was found. `orphans`: names that were removed. `moved`: ids of tasks whose jobs are not as the record says. */
export interface Findings {
  readonly orphans: readonly string[];
  readonly moved: readonly string[];
}

/**
 * Looks, and removes orphans. The record is written before a sandbox is launched, by every replica, so the sandboxes are
 * listed first: one that is listed and unknown to the record that is read after it has no job. Errors:
 * `sandbox-unavailable` (retry).
 */
export async function lookAround(deps: { readonly db: Db; readonly sandbox: Sandbox }): Promise<Findings> {
  const listed = await deps.sandbox.list();
  const placed = await placedJobs(deps.db);
  const seen = new Map(listed.map((job) => [job.name, job]));
  const moved = placed.filter((job) => job.outside && !sameObservation(job.seen, seen.get(job.name)));
  const known = new Set(placed.map((job) => job.name));
  const orphans = listed.map((job) => job.name).filter((name) => !known.has(name));
  await removeOrphans(deps.sandbox, orphans);
  return { orphans, moved: [...new Set(moved.map((job) => job.taskId))] };
}
