/** The git token of a job's fetch phase, kept encrypted until the phase closes and the token is revoked. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** The sealed token (secret-box, context: the job's name); null where there is none. */
export async function readGitToken(db: Db, name: string): Promise<Uint8Array | null> {
  const row = await db.selectFrom('job').select('git_token').where('name', '=', name).executeTakeFirst();
  return row?.git_token ?? null;
}

/** Stores the sealed token, or clears it with null. */
export async function writeGitToken(db: Db, name: string, sealed: Uint8Array | null): Promise<void> {
  await db.updateTable('job').set({ git_token: sealed }).where('name', '=', name).execute();
}

/** Revoking failed: the next try is due in so many milliseconds. */
export async function putOffRevocation(db: Db, name: string, forMs: number): Promise<void> {
  await db
    .updateTable('job')
    .set({ revoke_at: sql<Date>`now() + ${Math.round(forMs)}::int * interval '1 millisecond'` })
    .where('name', '=', name)
    .execute();
}
