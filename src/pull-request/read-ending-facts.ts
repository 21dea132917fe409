/** How a task's money ended, for its status comment: which cap stopped it, and how soon an abort cut its model call. */
import { sql } from 'kysely';
import type { Db } from '../task/open-database.ts';
import type { Task } from '../task/task.ts';
import type { StatusView } from './status-view.ts';

type EndingFacts = Pick<StatusView, 'spentCap' | 'cutAfterMs'>;

const NOTHING: EndingFacts = { spentCap: null, cutAfterMs: null };

/** Reads them where the task ended so. Errors: the store's. */
export async function readEndingFacts(db: Db, task: Task): Promise<EndingFacts> {
  if (task.outcome === 'budget-reached') return { ...NOTHING, spentCap: await readSpentCap(db, task.id) };
  if (task.outcome === 'aborted' && task.abort) {
    return { ...NOTHING, cutAfterMs: await readCut(db, task.id, task.abort.at) };
  }
  return NOTHING;
}

/** The scope that the gateway refused a call for last, e.g. `repository:7:day:2026-11-21`; its first word says whose. */
async function readSpentCap(db: Db, taskId: string): Promise<StatusView['spentCap']> {
  const { rows } = await sql<{ scope: string }>`
    select split_part(substr(data ->> 'reason', length('cap-spent ') + 1), ':', 1) as scope
    from audit_event where task_id = ${taskId} and type = 'gateway.refused' and data ->> 'reason' like 'cap-spent %'
    order by seq desc limit 1`.execute(db);
  const scope = rows[0]?.scope;
  return scope === 'repository' || scope === 'team' || scope === 'organisation' ? scope : 'task';
}

/** Milliseconds from the abort to the end of the call that it cut; null where none was under way. */
async function readCut(db: Db, taskId: string, abortedAt: string): Promise<number | null> {
  const { rows } = await sql<{ after: number | null }>`
    select (extract(epoch from max(settled_at) - ${abortedAt}::timestamptz) * 1000)::float8 as after
    from ledger_row where task_id = ${taskId} and 'cut' = any (flags)
      and created_at <= ${abortedAt}::timestamptz and settled_at >= ${abortedAt}::timestamptz`.execute(db);
  return rows[0]?.after ?? null;
}
