/** Which of these names stand for no job of the record, or for one that was removed. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** In the order given; one statement, however many names. */
export async function unknownJobs(db: Db, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const { rows } = await sql<{ name: string }>`
    select name from unnest(${[...names]}::text[]) with ordinality as asked (name, place)
    where not exists (select from job where job.name = asked.name and job.removed_at is null)
    order by place
  `.execute(db);
  return rows.map((row) => row.name);
}
