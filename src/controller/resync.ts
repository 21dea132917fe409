/**
 * Each minute: sandboxes without a job in the record are removed, and every task that has anything left to do is due,
 * since hints, notifications and watches get lost.
 */
import { removeOrphans } from '../job/cleanup.ts';
import { wakeStartable } from '../task/store/wake-startable.ts';
import { wakeUnfinished } from '../task/store/wake-unfinished.ts';
import type { ControllerDeps } from './controller-deps.ts';

/** Never throws; an adapter that does not answer is asked again with the next resync. */
export async function resync(deps: ControllerDeps): Promise<void> {
  try {
    const woken = (await wakeUnfinished(deps.db)) + (await wakeStartable(deps.db, deps.settings));
    const orphans = await removeOrphans(deps);
    if (orphans.length > 0) deps.log.warn({ orphans, woken }, 'sandboxes without a task were removed');
  } catch (error) {
    deps.log.error({ err: error }, 'resync failed and will be tried again');
  }
}
