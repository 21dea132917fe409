/** The tasks that `glovebox task list` shows: open ones, then the latest that ended. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';
import type { Task } from '../task.ts';
import { taskOfRow } from './load-task.ts';

/** A task with what it has cost so far, in nano-dollars (settled rows only). */
export interface ListedTask {
  readonly task: Task;
  readonly spentNanoUsd: bigint;
}

/** Newest first within open and ended; `limit` bounds both together. */
export async function listTasks(db: Db, limit: number): Promise<readonly ListedTask[]> {
  const rows = await db
    .selectFrom('task')
    .selectAll('task')
    .select((eb) =>
      eb
        .selectFrom('ledger_row')
        .select(sql<bigint>`coalesce(sum(settled_nano_usd), 0)::int8`.as('spent'))
        .whereRef('ledger_row.task_id', '=', 'task.id')
        .as('spent'),
    )
    .orderBy(sql`(state = 'ended')`)
    .orderBy('task.created_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ spent, ...row }) => ({ task: taskOfRow(row), spentNanoUsd: spent ?? 0n }));
}
