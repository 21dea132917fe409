/**
 * Takes deliveries that wait to be handled. A claim is a later `retry_at`: a process that dies loses nothing, the row
 * is due again when its claim has run out, and no transaction stays open while GitHub is asked.
 */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** A delivery in hand. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  readonly payload: unknown;
  readonly failures: number;
  readonly receivedAt: Date;
}

/** Up to `most` due deliveries, oldest first; nobody else gets them for `claimMs`. */
export async function claimDeliveries(
  db: Db,
  want: { readonly most: number; readonly claimMs: number },
): Promise<readonly ClaimedDelivery[]> {
  const { rows } = await sql<ClaimedDelivery>`
    update delivery set retry_at = now() + ${want.claimMs}::int * interval '1 millisecond'
    where id in (
      select id from delivery
      where handled_at is null and retry_at <= now()
      order by received_at limit ${want.most} for update skip locked
    )
    returning id, event, action, payload, failures, received_at as "receivedAt"
  `.execute(db);
  return rows;
}
