/** Where a job's pod is. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** Null: the record knows no such job, or it has no pod. */
export async function jobNamespace(db: Db, name: string): Promise<string | null> {
  const row = await db
    .selectFrom('job')
    .select(sql<string | null>`spec -> 'pod' ->> 'namespace'`.as('namespace'))
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.namespace ?? null;
}
