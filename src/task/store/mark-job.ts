/** The moments of a job outside the record: launched, told something through deliver, asked to stop, removed. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** The adapter has taken the job; from now on, being unknown to it means lost. */
export async function markLaunched(db: Db, name: string): Promise<void> {
  await db
    .updateTable('job')
    .set({ launched_at: sql<Date>`coalesce(launched_at, now())` })
    .where('name', '=', name)
    .execute();
}

/** What deliver is told with its next heartbeat: verify is dead, or no change set will come. */
export async function tellDeliver(
  db: Db,
  name: string,
  word: 'verify_ended' | 'nothing_comes',
): Promise<void> {
  await db
    .updateTable('job')
    .set({ [word]: true })
    .where('name', '=', name)
    .execute();
}

/** The adapter was asked to end the job; its end is observed. */
export async function markStopAsked(db: Db, name: string): Promise<void> {
  await db.updateTable('job').set({ stop_asked_at: sql<Date>`now()` }).where('name', '=', name).execute();
}

/** Nothing of the job is left outside the record. */
export async function markRemoved(db: Db, name: string): Promise<void> {
  await db
    .updateTable('job')
    .set({
      removed_at: sql<Date>`coalesce(removed_at, now())`,
      ended_at: sql<Date>`coalesce(ended_at, now())`,
    })
    .where('name', '=', name)
    .execute();
}
