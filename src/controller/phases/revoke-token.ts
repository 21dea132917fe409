/** The fetch phase is over: its git token is revoked at the host and forgotten here. */
import { readGitToken, writeGitToken } from '../../task/store/git-token.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** An installation token lives an hour; later there is nothing left to revoke. */
const TOKEN_LIFE_MS = 3_600_000;

/** Revokes, then clears; after a crash in between a revoked token is revoked once more, which the host takes. */
export async function revokeGitToken(
  deps: StepDeps,
  step: Step,
  action: Extract<Action, { do: 'revoke-token' }>,
): Promise<Progress> {
  const sealed = await readGitToken(deps.db, action.job);
  if (!sealed) return 'go-on';
  const job = step.record.jobs.find((candidate) => candidate.name === action.job);
  const ageMs = job ? step.record.readAt.getTime() - job.createdAt.getTime() : 0;
  if (ageMs < TOKEN_LIFE_MS) {
    await step.lease.check();
    await deps.tokens.revoke(deps.secretBox.open(sealed, action.job));
  }
  await writeGitToken(deps.db, action.job, null);
  return 'go-on';
}
