/** What the record knows about an issue and a requester before one more task is admitted: repeats, starts, refusals. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** The issue's tasks, latest first, as admission needs them. */
export interface EarlierTask {
  readonly id: string;
  readonly open: boolean;
  readonly pullNumber: number | null;
  readonly requesterId: number;
  readonly reasonCode: string | null;
  readonly createdAt: Date;
}

/** Up to 20 latest tasks on the issue. */
export async function listIssueTasks(
  db: Db,
  issue: { readonly repositoryId: number; readonly issueNumber: number },
): Promise<readonly EarlierTask[]> {
  const { rows } = await sql<EarlierTask>`
    select id, state <> 'ended' as open, pull_number as "pullNumber",
      (requester->>'id')::float8 as "requesterId", reason->>'code' as "reasonCode", created_at as "createdAt"
    from task
    where repository_id = ${issue.repositoryId} and issue_number = ${issue.issueNumber}
    order by created_at desc limit 20
  `.execute(db);
  return rows;
}

/** Starts of the last hour: when the oldest of them was, and how many; refusals are counted apart. */
export interface RecentStarts {
  readonly started: number;
  readonly refused: number;
  readonly oldestStart: Date | null;
}

/** What one person did in all repositories, or (with `repositoryId`) everybody in one. */
export async function countRecent(
  db: Db,
  scope: { readonly requesterId: number } | { readonly repositoryId: number },
): Promise<RecentStarts> {
  const mine =
    'requesterId' in scope
      ? sql`(requester->>'id')::float8 = ${scope.requesterId}`
      : sql`repository_id = ${scope.repositoryId}`;
  const started = sql`outcome is distinct from 'refused'`;
  const { rows } = await sql<RecentStarts>`
    select count(*) filter (where ${started})::int as started,
      count(*) filter (where not (${started}))::int as refused,
      min(created_at) filter (where ${started}) as "oldestStart"
    from task where created_at > now() - interval '1 hour' and ${mine}
  `.execute(db);
  return rows[0] ?? { started: 0, refused: 0, oldestStart: null };
}
