/** Launches the round's work job, or one of its verify jobs; a platform that takes no such sandbox ends the task. */
import { jobSpec } from '../../job/job-spec.ts';
import { type LaunchDeps, launchJob } from '../../job/launch.ts';
import { GloveboxError, hasCode } from '../../shared/errors.ts';
import { PLACE_RANK } from '../../task/place-rank.ts';
import { takePlace } from '../../task/store/place.ts';
import type { Pin } from '../../task/task.ts';
import type { Action } from '../action.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';
import { currentRound, roundJobs } from '../current-round.ts';
import { fallBackPlan } from '../fall-back.ts';
import { sandboxRefused } from '../platform-ending.ts';
import { endTask, type TaskEnd } from './end.ts';
import { fallBack } from './fall-back.ts';

type Launch = Extract<Action, { do: 'launch' }>;

/** Launches what the decision named; a second time changes nothing. */
export async function launchRoundJob(deps: StepDeps, step: Step, action: Launch): Promise<Progress> {
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
    await launchJob(launchDeps(deps, step, action), { spec, number: action.number, task });
  } catch (error) {
    const ending = endingOf(error, pin);
    if (!ending) throw error;
    const plan = ending.reason && fallBackPlan(step.record, ending.reason);
    return plan ? fallBack(deps, step, { plan }) : endTask(deps, step, ending);
  }
  return 'go-on';
}

/** Null for errors that another try may mend. */
function endingOf(error: unknown, pin: Pin): TaskEnd | null {
  if (hasCode(error, 'sandbox-refused'))
    return sandboxRefused(String(error.values['message'] ?? error.message));
  if (!hasCode(error, 'isolation-missing')) return null;
  const values = { template: pin.config.template.name };
  return { outcome: 'refused', reason: { code: 'isolation-missing', values, detail: null } };
}

function launchDeps(deps: StepDeps, step: Step, { rank = PLACE_RANK.early }: Launch): LaunchDeps {
  const { task, namespace } = step.record;
  const pods = deps.settings.pods(namespace);
  return {
    db: deps.db,
    sandbox: deps.sandbox,
    secretBox: deps.secretBox,
    random: deps.random,
    mint: () => deps.tokens.mint(task.repo),
    checkLease: () => step.lease.check(),
    takePlace: (trx) => takePlace(trx, { taskId: task.id, namespace, pods, rank }),
  };
}

/** What the agent may still take: a verify job beside it has to outlast it. Time before work began is not work's. */
function workLeftMs(step: Step, pin: Pin): number {
  const work = roundJobs(step.record, 'work').at(-1);
  if (!work?.launchedAt || currentRound(step.record)?.sealedDigest) return 0;
  const began = work.seen?.phases.find((phase) => phase.phase === 'work')?.startedAt;
  const usedMs = began == null ? 0 : step.record.readAt.getTime() - began;
  return Math.min(pin.config.limits.workMs, Math.max(0, pin.config.limits.workMs - usedMs));
}

function pinOf(step: Step): Pin {
  const { pin, id } = step.record.task;
  if (pin) return pin;
  throw new GloveboxError({
    code: 'pin-missing',
    message: `Task '${id}' has no pinned configuration in state '${step.record.task.state}': expected one since 'queued'. This is a defect.`,
  });
}
