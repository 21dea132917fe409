/** Brings the status comment up to date when it is due. Its failure never holds the task up. */
import { hasCode } from '../shared/errors.ts';
import { findTask } from '../task/store/load-task.ts';
import { readSurfaceDue, type SurfaceDue, writeSurfaceDue } from '../task/store/surface-due.ts';
import type { Task } from '../task/task.ts';
import type { StepDeps } from './controller-deps.ts';
import type { Lease } from './ports.ts';

/** Shortest and longest wait after a failed try, in milliseconds: a quarter of the time that it has failed, between them. */
const RETRY_MS = 15_000;
const MAX_RETRY_MS = 4 * 3_600_000;
/** Whoever took our access away for so long does not read the comment; a change of the task is one more try. */
const GIVE_UP_MS = 7 * 86_400_000;

/** Calls the surface where its time has come, and notes when it wants to be called again. Errors: `lease-lost`. */
export async function syncStatus(deps: StepDeps, lease: Lease): Promise<void> {
  const due = await readSurfaceDue(deps.db, lease.taskId);
  if (!due) return;
  const task = await findTask(deps.db, lease.taskId);
  if (!task) return;
  const end = await callSurface(deps, lease, { task, due });
  await writeSurfaceDue(deps.db, { taskId: lease.taskId, seen: due.token, ...end });
}

async function callSurface(
  deps: StepDeps,
  lease: Lease,
  { task, due }: { readonly task: Task; readonly due: SurfaceDue },
): Promise<{ readonly next: Date | null; readonly failed: boolean }> {
  try {
    await lease.check();
    return { next: await deps.status.sync(task, lease), failed: false };
  } catch (error) {
    if (hasCode(error, 'lease-lost')) throw error;
    return { next: nextTry(deps, { error, task, due }), failed: true };
  }
}

function nextTry(
  deps: StepDeps,
  { error, task, due }: { readonly error: unknown; readonly task: Task; readonly due: SurfaceDue },
): Date | null {
  if (due.failingMs > GIVE_UP_MS) {
    deps.log.error({ err: error, taskId: task.id }, 'status comment given up: it failed for a week');
    return null;
  }
  const retryMs = Math.min(MAX_RETRY_MS, Math.max(RETRY_MS, due.failingMs / 4));
  deps.log.warn({ err: error, taskId: task.id, retryMs }, 'status comment failed and will be tried again');
  return new Date(Date.now() + retryMs);
}
