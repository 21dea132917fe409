/** Stores webhook deliveries: the single statement between GitHub's request and our answer. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** A delivery as it came; `payload` is JSON text that PostgreSQL's jsonb takes (`src/webhook/storable-payload.ts`). */
export interface NewDelivery {
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  readonly installationId: number | null;
  readonly repositoryId: number | null;
  readonly payload: string;
}

/**
 * Inserts all of them or none; ids must differ. A redelivery wakes a row that is not handled yet and changes nothing
 * about one that is.
 */
export async function insertDeliveries(db: Db, deliveries: readonly NewDelivery[]): Promise<void> {
  await db
    .insertInto('delivery')
    .values(deliveries.map(toRow))
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet({ retry_at: sql<Date>`now()` })
        .where('delivery.handled_at', 'is', null),
    )
    .execute();
}

/** Inserts one. */
export function insertDelivery(db: Db, delivery: NewDelivery): Promise<void> {
  return insertDeliveries(db, [delivery]);
}

function toRow({ id, event, action, installationId, repositoryId, payload }: NewDelivery) {
  return {
    id,
    event,
    action,
    installation_id: installationId === null ? null : BigInt(installationId),
    repository_id: repositoryId === null ? null : BigInt(repositoryId),
    payload,
  };
}
