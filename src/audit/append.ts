/**
 * Appends to a task's hash chain, in the transaction of the change that the event describes. Where the task has ended, its
 * new head joins the installation's chain in the same transaction, so that nothing can be cut off unseen.
 */
import { canonicalJson, digestOf } from '../shared/digest.ts';
import type { Db } from '../task/open-database.ts';
import { CHAIN_START } from './chain-start.ts';
import { AuditEvent } from './event.ts';
import { appendInstallationHead } from './installation-chain.ts';

/** As `appendAll`, for one event. */
export async function appendAudit(trx: Db, taskId: string, input: AuditEvent): Promise<void> {
  await appendAll(trx, taskId, [input]);
}

/**
 * Adds events in order. `trx` must be a transaction: the task's row is locked here, which orders the chain. Each hash covers
 * the sequence number, the time, the type, the data and the hash before.
 */
export async function appendAll(trx: Db, taskId: string, inputs: readonly AuditEvent[]): Promise<void> {
  const events = inputs.map((input) => AuditEvent.parse(input));
  const task = await trx
    .selectFrom('task')
    .select(['state', 'installation_id'])
    .where('id', '=', taskId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  for (const event of events) await appendOne(trx, taskId, event);
  if (task.state !== 'ended') return;
  await appendInstallationHead(trx, { id: taskId, installationId: Number(task.installation_id) });
}

async function appendOne(trx: Db, taskId: string, event: AuditEvent): Promise<void> {
  const last = await trx
    .selectFrom('audit_event')
    .select(['seq', 'hash'])
    .where('task_id', '=', taskId)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const at = new Date().toISOString();
  const seq = (last?.seq ?? 0) + 1;
  const previous = last?.hash ?? CHAIN_START;
  const hash = digestOf(canonicalJson({ at, seq, previous, ...event }));
  await trx
    .insertInto('audit_event')
    .values({
      task_id: taskId,
      seq,
      at,
      type: event.type,
      data: canonicalJson(event.data),
      previous_hash: previous,
      hash,
    })
    .execute();
}
