/**
 * Takes due tasks under a lease, by the database's clock: rows that are locked or leased are left to whoever has them.
 * The epoch grows with each lease, so a holder that slept through its own can do nothing more in the record.
 */
import { type RawBuilder, sql } from 'kysely';
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

/** Due are tasks whose `wake_at` or `surface_due_at` has come, the longest due first; each is found by its own index. */
export async function claimLease(db: Db, claim: Claim): Promise<readonly Claimed[]> {
  const until = sql<Date>`now() + ${claim.leaseMs}::int * interval '1 millisecond'`;
  const { rows } = await sql<{ id: string; epoch: number }>`
    with woken as (${dueBy(sql`wake_at`, claim)}), surfacing as (${dueBy(sql`surface_due_at`, claim)}),
    longest as (
      select id from (select id, at from woken union all select id, at from surfacing) as due
      group by id order by min(at) limit ${claim.limit}
    )
    update task
    set epoch = epoch + 1, lease_holder = ${claim.holder}, lease_until = ${until}, wake_at = ${until}
    from longest where task.id = longest.id
    returning task.id, task.epoch
  `.execute(db);
  return rows.map((row) => ({ taskId: row.id, epoch: row.epoch }));
}

/** Locked, so that nobody else takes them before this statement ends. */
function dueBy(column: RawBuilder<unknown>, { limit }: Claim): RawBuilder<unknown> {
  return sql`
    select id, ${column} as at from task
    where ${column} <= now() and (lease_until is null or lease_until < now())
    order by ${column} limit ${limit} for update skip locked`;
}
