/** Launches the round's work job, or one of its verify jobs; a machine without the isolation refuses the task. */
import { jobSpec } from '../../job/job-spec.ts';
import { type LaunchDeps, launchJob } from '../../job/launch.ts';
import { GloveboxError, hasCode } from '../../shared/errors.ts';
import type { Pin } from '../../task/task.ts';
import type { Action } from '../action.ts';
import type { ControllerDeps, Progress, Step } from '../controller-deps.ts';
import { currentRound, roundJobs } from '../current-round.ts';
import { endTask } from './end.ts';

type Launch = Extract<Action, { do: 'launch' }>;

/** Launches what the decision named; a second time changes nothing. */
export async function launchRoundJob(deps: ControllerDeps, step: Step, action: Launch): Promise<Progress> {
  const { task } = step.record;
  const pin = pinOf(step);
  const spec = jobSpec({
    task,
    pin,
    kind: action.kind,
    number: action.number,
    workLeftMs: workLeftMs(step, pin),
  });
  const already = step.record.jobs.find((job) => job.name === spec.name);
  if (already?.launchedAt) return 'go-on';
  try {
    await launchJob(launchDeps(deps, step), { spec, number: action.number, task });
  } catch (error) {
    if (!hasCode(error, 'isolation-missing')) throw error;
    const values = { template: pin.config.template.name };
    const reason = { code: 'isolation-missing' as const, values, detail: null };
    return endTask(deps, step, { outcome: 'refused', reason });
  }
  return 'go-on';
}

function launchDeps(deps: ControllerDeps, step: Step): LaunchDeps {
  return {
    db: deps.db,
    sandbox: deps.sandbox,
    secretBox: deps.secretBox,
    random: deps.random,
    mint: () => deps.tokens.mint(step.record.task.repo),
    checkLease: () => step.lease.check(),
  };
}

/** What the agent may still take: a verify job beside it has to outlast it. */
function workLeftMs(step: Step, pin: Pin): number {
  const launchedAt = roundJobs(step.record, 'work').at(-1)?.launchedAt;
  if (!launchedAt || currentRound(step.record)?.sealedDigest) return 0;
  const used = step.record.readAt.getTime() - launchedAt.getTime();
  return Math.max(0, pin.config.limits.workMs - used);
}

function pinOf(step: Step): Pin {
  const { pin, id } = step.record.task;
  if (pin) return pin;
  throw new GloveboxError({
    code: 'pin-missing',
    message: `Task '${id}' has no pinned configuration in state '${step.record.task.state}': expected one since 'queued'. This is a defect.`,
  });
}
