/** What the controller must know of a task's money: calls still open, and whether its budget is spent. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** A verdict waits while `openReservations` is over 0. Nano-dollars. */
export interface TaskMoney {
  readonly openReservations: number;
  readonly heldNanoUsd: bigint;
}

/** Settled rows count as settled, open ones as reserved. */
export async function taskMoney(db: Db, taskId: string): Promise<TaskMoney> {
  const row = await db
    .selectFrom('ledger_row')
    .select([
      sql<number>`(count(*) filter (where state = 'reserved'))::int`.as('open'),
      sql<bigint>`coalesce(sum(coalesce(settled_nano_usd, reserved_nano_usd)), 0)::int8`.as('held'),
    ])
    .where('task_id', '=', taskId)
    .where('state', '<>', 'released')
    .executeTakeFirstOrThrow();
  return { openReservations: row.open, heldNanoUsd: row.held };
}
