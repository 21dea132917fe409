/** What our side saw of a round's model calls: how its work says that it ended is believed only where this bears it out. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** By the ledger and the audit, which the sandbox writes nothing into. */
export interface RoundCalls {
  /** The gateway refused a call of the round's work job for want of money, or the task named a price that we lack. */
  readonly refusedForMoney: boolean;
  /** The model answered at least one call; before that nothing of the agent's has acted. */
  readonly answered: boolean;
  /** The upstream failed at the round's last call (its own fault: 500 and above). */
  readonly lastFailed: boolean;
}

/** Reads them. Errors: the store's. */
export async function roundCalls(
  db: Db,
  key: { readonly taskId: string; readonly attempt: number; readonly round: number },
): Promise<RoundCalls> {
  const ofRound = sql`task_id = ${key.taskId} and attempt = ${key.attempt} and round = ${key.round}`;
  const { rows } = await sql<RoundCalls>`
    select
      exists (select 1 from ledger_row where task_id = ${key.taskId} and 'unpriced' = any (flags))
      or exists (
        select 1 from audit_event where task_id = ${key.taskId} and type = 'gateway.refused'
          and data ->> 'reason' like 'cap-spent %'
          and data ->> 'job' in (select name from job where ${ofRound} and kind = 'work')
      ) as "refusedForMoney",
      exists (select 1 from ledger_row where ${ofRound} and status = 200) as "answered",
      coalesce((
        select status >= 500 from ledger_row where ${ofRound} and state <> 'released'
          order by created_at desc, id desc limit 1
      ), false) as "lastFailed"`.execute(db);
  const [row] = rows;
  return row ?? { refusedForMoney: false, answered: false, lastFailed: false };
}
