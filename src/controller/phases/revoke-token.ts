/**
 * The fetch phase is over: its git token is revoked at the host and forgotten here. Where the host cannot be reached or
 * refuses (an installation that is suspended), it is tried again on its own, until the token has run out by itself.
 */
import { hasCode } from '../../shared/errors.ts';
import type { JobRecord } from '../../task/record.ts';
import { putOffRevocation, readGitToken, writeGitToken } from '../../task/store/git-token.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** An installation token lives an hour; later there is nothing left to revoke. */
const TOKEN_LIFE_MS = 3_600_000;
/** Longest wait between two tries, in milliseconds. */
const MAX_RETRY_MS = 60_000;

/**
 * Revokes, then clears; after a crash in between a revoked token is revoked once more, which the host takes. A failure is
 * logged and noted in the record, and ends no pass. Errors: the store's, `lease-lost`.
 */
export async function revokeGitToken(
  deps: StepDeps,
  step: Step,
  action: Extract<Action, { do: 'revoke-token' }>,
): Promise<Progress> {
  const job = step.record.jobs.find((candidate) => candidate.name === action.job);
  const sealed = job ? await readGitToken(deps.db, job.name) : null;
  if (!job || !sealed) return 'go-on';
  const nowMs = step.record.readAt.getTime();
  if (nowMs - mintedBefore(job) < TOKEN_LIFE_MS) {
    try {
      await step.lease.check();
      await deps.tokens.revoke(deps.secretBox.open(sealed, job.name));
    } catch (error) {
      if (hasCode(error, 'lease-lost')) throw error;
      return putOff(deps, job, { error, nowMs });
    }
  }
  await writeGitToken(deps.db, job.name, null);
  return 'go-on';
}

async function putOff(
  deps: StepDeps,
  job: JobRecord,
  { error, nowMs }: { readonly error: unknown; readonly nowMs: number },
): Promise<Progress> {
  const retryMs = Math.min(MAX_RETRY_MS, Math.max(deps.settings.retryMs, (nowMs - spentSince(job)) / 4));
  deps.log.warn({ err: error, job: job.name, retryMs }, 'git token not revoked; it will be tried again');
  await putOffRevocation(deps.db, job.name, retryMs);
  return 'go-on';
}

/** A token is minted between the job's row and its launch, or its closing where it was never launched. */
function mintedBefore(job: JobRecord): number {
  return (job.launchedAt ?? job.closedAt ?? job.createdAt).getTime();
}

function spentSince(job: JobRecord): number {
  return (job.closedAt ?? job.endedAt ?? job.launchedAt ?? job.createdAt).getTime();
}
