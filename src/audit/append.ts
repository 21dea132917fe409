/** Appends to a task's hash chain, in the transaction of the change that the event describes. */
import { canonicalJson, digestOf } from '../shared/digest.ts';
import type { Db } from '../task/open-database.ts';
import { AuditEvent } from './event.ts';

/** The hash before a chain's first event. */
export const CHAIN_START = digestOf('glovebox audit chain v1');

/**
 * Adds one event. `trx` must be a transaction: the task's row is locked here, which orders the chain. The hash covers
 * the sequence number, the time, the type, the data and the hash before.
 */
export async function appendAudit(trx: Db, taskId: string, input: AuditEvent): Promise<void> {
  const event = AuditEvent.parse(input);
  await trx.selectFrom('task').select('id').where('id', '=', taskId).forUpdate().executeTakeFirstOrThrow();
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
