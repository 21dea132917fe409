/** When a task's status comment is due, and since when it fails; a change of state in between is never lost. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** The due time as the database writes it: a double-precision number would lose its last digits. */
export interface SurfaceDue {
  readonly token: string;
  /** For how long it has failed already, in milliseconds by the database's clock; 0 where the last try did not. */
  readonly failingMs: number;
}

/** Null where nothing is due now. */
export async function readSurfaceDue(db: Db, taskId: string): Promise<SurfaceDue | null> {
  const row = await db
    .selectFrom('task')
    .select(sql<string>`surface_due_at::text`.as('token'))
    .select(
      sql<number>`(coalesce(extract(epoch from now() - surface_failing_since), 0) * 1000)::float8`.as(
        'failingMs',
      ),
    )
    .where('id', '=', taskId)
    .where('surface_due_at', '<=', sql<Date>`now()`)
    .executeTakeFirst();
  return row ?? null;
}

/** Sets the next time (null: nothing is pending), unless a change made it due anew since it was read. */
export async function writeSurfaceDue(
  db: Db,
  due: {
    readonly taskId: string;
    readonly seen: string;
    readonly next: Date | null;
    readonly failed: boolean;
  },
): Promise<void> {
  await db
    .updateTable('task')
    .set({
      surface_due_at: due.next,
      surface_failing_since: due.failed ? sql<Date>`coalesce(surface_failing_since, now())` : null,
    })
    .where('id', '=', due.taskId)
    .where(sql<boolean>`surface_due_at::text = ${due.seen}`)
    .execute();
}
