/**
 * Proves, right before an outside call, that the lease still holds, and renews it for its full time: a pass that is
 * alive keeps it, one that slept through it finds another epoch or an expired one.
 */
import { sql } from 'kysely';
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../open-database.ts';

/** The lease as it was claimed. */
export interface HeldLease {
  readonly taskId: string;
  readonly epoch: number;
  readonly leaseMs: number;
}

/** Milliseconds that are left from now on, by the database's clock. Errors: `lease-lost`. */
export async function checkLease(db: Db, lease: HeldLease): Promise<number> {
  const until = sql<Date>`now() + ${lease.leaseMs}::int * interval '1 millisecond'`;
  const row = await db
    .updateTable('task')
    .set({
      lease_until: until,
      wake_at: sql<Date>`case when wake_at = lease_until then ${until} else wake_at end`, // a wake-up that came is kept
    })
    .where('id', '=', lease.taskId)
    .where('epoch', '=', lease.epoch)
    .where('lease_until', '>', sql<Date>`now()`)
    .returning('id')
    .executeTakeFirst();
  if (row) return lease.leaseMs;
  throw new GloveboxError({
    code: 'lease-lost',
    message: `The lease on task '${lease.taskId}' (epoch ${lease.epoch}) is lost: it ran out, or another holder has it. Stop; whoever holds it goes on.`,
    retry: true,
  });
}
