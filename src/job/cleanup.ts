/**
 * Ends what is left of a job outside the record and forgets it, in two steps: asked to stop, then removed once nothing of
 * it runs. Both may be repeated; an unknown name is no error.
 */
import type { Db } from '../task/open-database.ts';
import { markRemoved, markStopAsked } from '../task/store/mark-job.ts';
import type { Sandbox } from './sandbox.ts';

interface CleanupDeps {
  readonly db: Db;
  readonly sandbox: Sandbox;
  /** Throws when the caller's lease is lost. */
  readonly checkLease: () => Promise<unknown>;
}

/**
 * Between the polite and the hard end of a sandbox, in milliseconds. Short: the job is closed in the record, so nothing
 * that it could still bring would be taken.
 */
const STOP_GRACE_MS = 1_000;

/** Asks the adapter to end the job and notes that. Errors: `lease-lost`, `sandbox-unavailable` (retry). */
export async function stopJob(deps: CleanupDeps, name: string): Promise<void> {
  await deps.checkLease();
  await deps.sandbox.stop(name, STOP_GRACE_MS);
  await markStopAsked(deps.db, name);
}

/** Forgets an ended job and notes that. Errors: `lease-lost`, `sandbox-unavailable` (retry). */
export async function removeJob(deps: CleanupDeps, name: string): Promise<void> {
  await deps.checkLease();
  await deps.sandbox.remove(name);
  await markRemoved(deps.db, name);
}

/**
 * Stops and removes sandboxes that no job of the record stands for. One that does not go is found again by the next look
 * and holds up no other; the first error is thrown once all were tried.
 */
export async function removeOrphans(sandbox: Sandbox, names: readonly string[]): Promise<void> {
  const ends = await Promise.allSettled(
    names.map(async (name) => {
      await sandbox.stop(name, STOP_GRACE_MS);
      await sandbox.remove(name);
    }),
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
