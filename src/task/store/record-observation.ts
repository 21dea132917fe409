/** Writes down what the sandbox adapter saw of a job; a job that it no longer knows has ended, and was lost. */
import { sql } from 'kysely';
import type { JobObservation } from '../../job/sandbox.ts';
import type { Db } from '../open-database.ts';

/** The first end stays. `seen` null: the adapter knows no such job. What the platform has against a job is to be shown. */
export async function recordObservation(db: Db, name: string, seen: JobObservation | null): Promise<void> {
  const ended = seen === null || seen.state === 'ended';
  await db
    .updateTable('job')
    .set({
      ...(seen === null ? {} : { observation: JSON.stringify(seen) }),
      ...(ended ? { ended_at: sql<Date>`now()` } : {}),
    })
    .where('name', '=', name)
    .where('ended_at', 'is', null)
    .execute();
  if (seen?.trouble) await makeSurfaceDue(db, name);
}

async function makeSurfaceDue(db: Db, name: string): Promise<void> {
  await db
    .updateTable('task')
    .set({ surface_due_at: sql<Date>`least(surface_due_at, now())` })
    .where('id', '=', db.selectFrom('job').select('task_id').where('name', '=', name))
    .execute();
}
