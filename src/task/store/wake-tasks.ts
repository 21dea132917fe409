/** Makes many tasks due at once, a little apart: a whole cluster's worth of them in one moment would be a wave. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/**
 * Due within `withinMs`, each at a moment of its own; those that are due sooner stay so. Rows that somebody holds are left
 * out: two that lock many rows in different orders would wait for each other for ever. The next resync finds them.
 */
export async function wakeTasks(db: Db, ids: readonly string[], withinMs: number): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    with free as (select id from task where id = any (${[...ids]}::text[]) for update skip locked)
    update task set wake_at = least(wake_at, now() + random() * ${withinMs}::int * interval '1 millisecond')
    from free where task.id = free.id
  `.execute(db);
}
