/** Ends what is left of a job outside the record and forgets it. May be repeated; an unknown name is no error. */
import type { Db } from '../task/open-database.ts';
import { liveJobs } from '../task/store/live-jobs.ts';
import { markRemoved } from '../task/store/mark-job.ts';
import { recordObservation } from '../task/store/record-observation.ts';
import type { Sandbox } from './sandbox.ts';

interface CleanupDeps {
  readonly db: Db;
  readonly sandbox: Sandbox;
  /** Throws when the caller's lease is lost. */
  readonly checkLease: () => Promise<unknown>;
}

/** Between the polite and the hard end of a sandbox, in milliseconds. */
const STOP_GRACE_MS = 1_000;

/** Stops, notes the end as it was seen, removes, notes that. Errors: `lease-lost`, `sandbox-unavailable` (retry). */
export async function removeJob(deps: CleanupDeps, name: string): Promise<void> {
  await deps.checkLease();
  await deps.sandbox.stop(name, STOP_GRACE_MS);
  const seen = await deps.sandbox.observe(name);
  if (seen) await recordObservation(deps.db, name, seen);
  await deps.checkLease();
  await deps.sandbox.remove(name);
  await markRemoved(deps.db, name);
}

/**
 * Sandboxes that no job of the record stands for (or whose job was removed): stopped and removed. The record is written
 * before a sandbox is launched, so the sandboxes are listed first. Answers with their names.
 */
export async function removeOrphans(deps: {
  readonly db: Db;
  readonly sandbox: Sandbox;
}): Promise<readonly string[]> {
  const running = await deps.sandbox.list();
  const known = new Set((await liveJobs(deps.db)).map((job) => job.name));
  const orphans = running.map((job) => job.name).filter((name) => !known.has(name));
  for (const name of orphans) {
    await deps.sandbox.stop(name, STOP_GRACE_MS);
    await deps.sandbox.remove(name);
  }
  return orphans;
}
