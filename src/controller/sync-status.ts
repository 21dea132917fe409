/** Brings the status comment up to date when it is due. Its failure never holds the task up. */
import { hasCode } from '../shared/errors.ts';
import { findTask } from '../task/store/load-task.ts';
import { readSurfaceDue, writeSurfaceDue } from '../task/store/surface-due.ts';
import type { StepDeps } from './controller-deps.ts';
import type { Lease } from './ports.ts';

/** Until the next try after a failed one, in milliseconds. */
const RETRY_MS = 15_000;

/** Calls the surface where its time has come, and notes when it wants to be called again. Errors: `lease-lost`. */
export async function syncStatus(deps: StepDeps, lease: Lease): Promise<void> {
  const due = await readSurfaceDue(deps.db, lease.taskId);
  if (!due) return;
  const task = await findTask(deps.db, lease.taskId);
  if (!task) return;
  const next = await nextSync(deps, { task, lease });
  await writeSurfaceDue(deps.db, { taskId: lease.taskId, seen: due.token, next });
}

async function nextSync(
  deps: StepDeps,
  call: { readonly task: NonNullable<Awaited<ReturnType<typeof findTask>>>; readonly lease: Lease },
): Promise<Date | null> {
  try {
    await call.lease.check();
    return await deps.status.sync(call.task, call.lease);
  } catch (error) {
    if (hasCode(error, 'lease-lost')) throw error;
    deps.log.warn({ err: error, taskId: call.task.id }, 'status comment failed and will be tried again');
    return new Date(Date.now() + RETRY_MS);
  }
}
