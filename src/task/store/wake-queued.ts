/** When a task ends its room is free: those that wait in its installation's queue look again at once. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** Rows that somebody holds are left out, so that two endings never wait for each other; the resync reaches them. */
export async function wakeQueued(trx: Db, installationId: bigint): Promise<void> {
  const waiting = trx
    .selectFrom('task')
    .select('id')
    .where('installation_id', '=', installationId)
    .where('state', '=', 'queued')
    .orderBy('created_at')
    .limit(50)
    .forUpdate()
    .skipLocked();
  await trx
    .updateTable('task')
    .set({
      wake_at: sql<Date>`least(wake_at, now())`,
      surface_due_at: sql<Date>`least(surface_due_at, now())`,
    })
    .where('id', 'in', waiting)
    .execute();
}
