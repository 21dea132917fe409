/**
 * The queue as the schedule needs it, in three statements however long it is: of each repository only as many tasks as
 * could start there are read, since those behind them cannot go before them.
 */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';
import { type ConcurrencyCaps, type Place, startable, type Taken } from '../schedule.ts';
import { RUNNING_STATES } from './running-tasks.ts';

/** Tasks at once, and sandboxes at once by namespace (null: this machine). */
export interface Room {
  readonly caps: ConcurrencyCaps;
  readonly pods: (namespace: string | null) => number;
}

/** Ids of queued tasks that may start now. */
export async function startableTasks(db: Db, { caps, pods }: Room): Promise<ReadonlySet<string>> {
  const running = await runningTasks(db);
  const used = await usedPods(db);
  const taken: Taken = { running, freePods: (namespace) => pods(namespace) - (used.get(namespace) ?? 0) };
  return startable(await queueHeads(db, caps), taken, caps);
}

async function runningTasks(db: Db): Promise<Taken['running']> {
  return db
    .selectFrom('task')
    .select(['installation_id as installationId', 'repository_id as repositoryId'])
    .select(sql<number>`count(*)::int`.as('count'))
    .where('state', 'in', [...RUNNING_STATES])
    .groupBy(['installation_id', 'repository_id'])
    .execute();
}

/** Sandboxes that are there, and those that a task stands in line for. */
async function usedPods(db: Db): Promise<ReadonlyMap<string | null, number>> {
  const { rows } = await sql<{ namespace: string | null; used: number }>`
    select namespace, count(*)::int as used from (
      select namespace from job where removed_at is null
      union all
      select namespace from task where wait_rank is not null
    ) as places group by namespace
  `.execute(db);
  return new Map(rows.map((row) => [row.namespace, row.used]));
}

/** Exact: tasks of one repository and namespace count against the same caps, so only the oldest of them can be chosen. */
async function queueHeads(db: Db, caps: ConcurrencyCaps): Promise<readonly Place[]> {
  const { rows } = await sql<Place>`
    select id, installation_id as "installationId", repository_id as "repositoryId", namespace from (
      select id, installation_id, repository_id, namespace, created_at,
        row_number() over (partition by installation_id, repository_id, namespace order by created_at, id) as nth
      from task where state = 'queued'
    ) as queued
    where nth <= ${caps.repository}::int
    order by created_at, id
  `.execute(db);
  return rows;
}
