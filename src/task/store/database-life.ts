/** Which life of the database this is: a crash begins another one, and what was committed but not on disk is then gone. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** For a statement that does something else too; null until something was written in this life. */
export const LIFE = '(select id::text from database_life)';

/** Asks by itself. */
export async function databaseLife(db: Db): Promise<string | null> {
  const { rows } = await sql<{ life: string | null }>`select ${sql.raw(LIFE)} as life`.execute(db);
  return rows[0]?.life ?? null;
}
