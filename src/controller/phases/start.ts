/** queued -> working: when every cap has room. Until then the task keeps its place, which the status comment shows. */
import { startTask } from '../../task/store/start-task.ts';
import type { ControllerDeps, Progress, Step } from '../controller-deps.ts';

/** A task that waits is woken by each ending in its installation; the look in between is for those that got lost. */
const QUEUE_LOOK_MS = 15_000;

/** Starts, or leaves the task waiting. */
export async function startWork(deps: ControllerDeps, step: Step): Promise<Progress> {
  const { task } = step.record;
  if (task.state !== 'queued') return 'go-on';
  const begun = await startTask(deps.db, {
    task,
    attempt: task.attempt,
    round: task.round,
    caps: deps.settings.caps,
  });
  return begun ? 'go-on' : { wakeAfterMs: QUEUE_LOOK_MS };
}
