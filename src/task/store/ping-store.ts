/** Does the store answer? For readiness. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** Resolves where it does; rejects with the driver's error. */
export async function pingStore(db: Db): Promise<void> {
  await sql`select 1`.execute(db);
}
