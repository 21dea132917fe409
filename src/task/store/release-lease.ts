/**
 * Gives a lease back and says when the task is due again; a wake-up that came meanwhile is kept, also one for later. While a
 * lease is held `wake_at` is its end, so that a task whose holder died is due then: any other time is a wake-up.
 */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** `wakeAfterMs` null: nothing is left to do. `failures`: tries of the current step that threw, since the last that did not. */
export interface Release {
  readonly taskId: string;
  readonly epoch: number;
  readonly wakeAfterMs: number | null;
  readonly failures: number;
}

/** Does nothing where the lease was lost. */
export async function releaseLease(db: Db, release: Release): Promise<void> {
  const wanted =
    release.wakeAfterMs === null
      ? sql<Date | null>`null`
      : sql<Date>`now() + ${release.wakeAfterMs}::int * interval '1 millisecond'`;
  await db
    .updateTable('task')
    .set({
      lease_holder: null,
      lease_until: null,
      failures: release.failures,
      failing_since: release.failures === 0 ? null : sql<Date>`coalesce(failing_since, now())`,
      wake_at: sql<Date | null>`case when wake_at = lease_until then ${wanted} else least(wake_at, ${wanted}) end`,
    })
    .where('id', '=', release.taskId)
    .where('epoch', '=', release.epoch)
    .execute();
}
