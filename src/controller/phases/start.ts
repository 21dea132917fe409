/** queued -> working: when every cap has room. Until then the task keeps its place, which the status comment shows. */
import { startTask } from '../../task/store/start-task.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';

/** A task that waits is woken when there is room for it, at the latest by a resync; this look is the net below. */
const QUEUE_LOOK_MS = 300_000;
/** Another process starts somebody this moment. */
const BUSY_LOOK_MS = 100;

/** Starts, or leaves the task waiting. */
export async function startWork(deps: StepDeps, step: Step): Promise<Progress> {
  const { task } = step.record;
  if (task.state !== 'queued') return 'go-on';
  const { attempt, round } = task;
  const end = await deps.starts(() => startTask(deps.db, { task, attempt, round, room: deps.settings }));
  if (end === 'begun') return 'go-on';
  return { wakeAfterMs: end === 'busy' ? BUSY_LOOK_MS : QUEUE_LOOK_MS };
}
