/** publishing -> ended: the publisher makes branch, commit, check run and pull request, each once however often it is called. */
import type { Progress, Step, StepDeps } from '../controller-deps.ts';
import type { PublishEnd } from '../ports.ts';
import { endTask } from './end.ts';

/** Publishes and ends. What the publisher found on the way (a moved branch, an unverified commit) beats the plan. */
export async function publishRound(deps: StepDeps, step: Step): Promise<Progress> {
  const { task } = step.record;
  await step.lease.check();
  const published = await deps.publisher.publish(task, step.lease);
  const said = published.reason === null ? task.publishPlan : null;
  return endTask(deps, step, {
    outcome: said?.outcome ?? published.outcome,
    reason: said?.reason ?? published.reason,
    set: columnsOf(published),
  });
}

function columnsOf(published: PublishEnd): {
  branch: string | null;
  commit_sha: string | null;
  pull_number: number | null;
} {
  return {
    branch: published.branch,
    commit_sha: published.commitSha,
    pull_number: published.pullNumber,
  };
}
