/**
 * Rows whose gateway is gone: their lease ran out by the database's clock. Nobody knows what became of the call, so they
 * are settled as `bounded` at their whole reservation: never under. Every gateway runs this; a row ends once.
 */
import { sql } from 'kysely';
import type { Db } from '../task/open-database.ts';
import { settle } from './settle.ts';

/** Settles up to `limit` rows with expired leases; answers how many. */
export async function recoverLost(db: Db, limit = 100): Promise<number> {
  const lost = await db
    .selectFrom('ledger_row')
    .select(['id', 'reserved_nano_usd'])
    .where('state', '=', 'reserved')
    .where('lease_until', '<', sql<Date>`now()`)
    .orderBy('lease_until')
    .limit(limit)
    .execute();
  let settled = 0;
  for (const row of lost) {
    const end = { usageJson: null, flags: ['gateway-lost'], status: null, upstreamRequestId: null };
    if (await settle(db, { rowId: row.id, state: 'bounded', nanoUsd: row.reserved_nano_usd, ...end }))
      settled += 1;
  }
  return settled;
}

/** Renews the leases of calls that are still in flight here. */
export async function renewLeases(db: Db, rowIds: readonly string[], leaseMs: number): Promise<void> {
  if (rowIds.length === 0) return;
  await db
    .updateTable('ledger_row')
    .set({ lease_until: sql<Date>`now() + ${leaseMs} * interval '1 millisecond'` })
    .where('id', 'in', [...rowIds])
    .where('state', '=', 'reserved')
    .execute();
}
