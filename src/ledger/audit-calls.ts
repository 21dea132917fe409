/** Puts a task's settled calls into its audit chain, as one event with a digest per batch. */
import { appendAudit } from '../audit/append.ts';
import { canonicalJson, digestOf } from '../shared/digest.ts';
import type { Db } from '../task/open-database.ts';

/** As `appendCalls`, in a transaction of its own. */
export async function auditCalls(db: Db, taskId: string): Promise<number> {
  return db.transaction().execute((trx) => appendCalls(trx, taskId));
}

/**
 * Appends one `gateway.calls` event for the calls that ended since the last one; answers how many there were. The digest
 * is over their canonical JSON, one a line, in the order in which they were made. Run with each verdict, so that the head
 * that a commit names covers its round's calls, and now and then. `trx` must be a transaction.
 */
export async function appendCalls(trx: Db, taskId: string): Promise<number> {
  const task = await trx
    .selectFrom('task')
    .select('id')
    .where('id', '=', taskId)
    .forUpdate()
    .executeTakeFirst();
  if (task === undefined) return 0;
  const rows = await endedCalls(trx, taskId);
  if (rows.length === 0) return 0;
  const lines = rows.map((row) =>
    canonicalJson({ ...row, settled_nano_usd: String(row.settled_nano_usd ?? 0n) }),
  );
  await appendAudit(trx, taskId, {
    type: 'gateway.calls',
    data: { count: rows.length, digest: digestOf(lines.join('\n')) },
  });
  const ids = rows.map((row) => row.id);
  await trx.updateTable('ledger_row').set({ audited: true }).where('id', 'in', ids).execute();
  return rows.length;
}

function endedCalls(trx: Db, taskId: string) {
  return trx
    .selectFrom('ledger_row')
    .select([
      'id',
      'request_id',
      'job_name',
      'model',
      'state',
      'settled_nano_usd',
      'usage',
      'flags',
      'status',
    ])
    .where('task_id', '=', taskId)
    .where('audited', '=', false)
    .where('state', '<>', 'reserved')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** Tasks with ended calls that are not in their chain yet. */
export async function tasksToAudit(db: Db, limit = 50): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('ledger_row')
    .select('task_id')
    .distinct()
    .where('audited', '=', false)
    .where('state', '<>', 'reserved')
    .where('task_id', 'is not', null)
    .where('task_id', 'in', (task) => task.selectFrom('task').select('id'))
    .limit(limit)
    .execute();
  return rows.flatMap((row) => (row.task_id === null ? [] : [row.task_id]));
}
