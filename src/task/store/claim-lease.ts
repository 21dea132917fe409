/**
 * Takes due tasks under a lease, by the database's clock: rows that are locked or leased are left to whoever has them.
 * The epoch grows with each lease, so a holder that slept through its own can do nothing more in the record.
 */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** Who asks, for how long, and for how many at most. */
export interface Claim {
  readonly holder: string;
  readonly leaseMs: number;
  readonly limit: number;
}

/** A lease that was taken. */
export interface Claimed {
  readonly taskId: string;
  readonly epoch: number;
}

/** Due are tasks whose `wake_at` or `surface_due_at` has come, the longest due first. */
export async function claimLease(db: Db, claim: Claim): Promise<readonly Claimed[]> {
  const until = sql<Date>`now() + ${claim.leaseMs}::int * interval '1 millisecond'`;
  const due = db
    .selectFrom('task')
    .select('id')
    .where((eb) =>
      eb.or([eb('wake_at', '<=', sql<Date>`now()`), eb('surface_due_at', '<=', sql<Date>`now()`)]),
    )
    .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<', sql<Date>`now()`)]))
    .orderBy(sql`least(wake_at, surface_due_at)`)
    .limit(claim.limit)
    .forUpdate()
    .skipLocked();
  const rows = await db
    .updateTable('task')
    .set({
      epoch: sql<number>`epoch + 1`,
      lease_holder: claim.holder,
      lease_until: until,
      wake_at: until,
    })
    .where('id', 'in', due)
    .returning(['id', 'epoch'])
    .execute();
  return rows.map((row) => ({ taskId: row.id, epoch: row.epoch }));
}
