/** Stores one webhook delivery: the single statement between GitHub's request and our answer. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** A delivery as it came; `payload` is JSON text that PostgreSQL's jsonb takes (`storable-json.ts`). */
export interface NewDelivery {
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  readonly installationId: number | null;
  readonly repositoryId: number | null;
  readonly payload: string;
}

/** Inserts it. A redelivery wakes a row that is not handled yet and changes nothing about one that is. */
export async function insertDelivery(db: Db, delivery: NewDelivery): Promise<void> {
  const { id, event, action, installationId, repositoryId, payload } = delivery;
  await sql`
    insert into delivery (id, event, action, installation_id, repository_id, payload)
    values (${id}, ${event}, ${action}, ${installationId}, ${repositoryId}, ${payload}::jsonb)
    on conflict (id) do update set retry_at = now() where delivery.handled_at is null
  `.execute(db);
}
