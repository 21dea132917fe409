/**
 * Each minute, since hints, notifications and watches get lost: what the platform runs is compared with what the record
 * expects, and tasks are due whose jobs differ, who can use room that nobody told them of, or who were forgotten. Rows that
 * nobody needs any more are deleted.
 */
import { lookAround } from '../job/look-around.ts';
import { forgetTokens } from '../task/store/forget-tokens.ts';
import { wakeTasks } from '../task/store/wake-tasks.ts';
import { wakeUnfinished } from '../task/store/wake-unfinished.ts';
import type { StepDeps } from './controller-deps.ts';

/** Tasks that are found at once are looked at within so many milliseconds. */
const SPREAD_MS = 5_000;

/** Never throws; an adapter that does not answer is asked again with the next resync. */
export async function resync(deps: StepDeps): Promise<void> {
  try {
    await wakeUnfinished(deps.db, SPREAD_MS);
    deps.roomFreed(); // by whoever died before it said so
    const { orphans, moved } = await lookAround(deps);
    await wakeTasks(deps.db, moved, SPREAD_MS);
    if (orphans.length > 0) deps.log.warn({ orphans }, 'sandboxes without a task were removed');
    await forgetTokens(deps.db);
  } catch (error) {
    deps.log.error({ err: error }, 'resync failed and will be tried again');
  }
}
