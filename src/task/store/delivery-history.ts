/** What the record knows of deliveries: which ones it has, whether an issue's labelling was heard of, and forgetting. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** The ids among these that the record has. */
export async function knownDeliveries(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db.selectFrom('delivery').select('id').where('id', 'in', ids).execute();
  return new Set(rows.map(({ id }) => id));
}

/** True when a task of the issue, or an `issues` delivery about it, dates from the labelling or later. */
export async function wasHeardOf(
  db: Db,
  issue: { readonly repositoryId: number; readonly issueNumber: number; readonly labelledAt: Date },
): Promise<boolean> {
  const { rows } = await sql<{ heard: boolean }>`
    select exists (
      select 1 from task
      where repository_id = ${issue.repositoryId} and issue_number = ${issue.issueNumber}
        and (state <> 'ended' or created_at >= ${issue.labelledAt})
    ) or exists (
      select 1 from delivery
      where repository_id = ${issue.repositoryId} and event = 'issues' and received_at >= ${issue.labelledAt}
        and (payload->'issue'->>'number')::int = ${issue.issueNumber}
    ) as heard
  `.execute(db);
  return rows[0]?.heard ?? false;
}

/** Deletes handled deliveries older than so many days: payloads are other people's text. */
export async function forgetDeliveries(db: Db, days: number): Promise<void> {
  await sql`
    delete from delivery where handled_at < now() - ${days}::int * interval '1 day'
  `.execute(db);
}
