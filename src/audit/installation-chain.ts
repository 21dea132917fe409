/**
 * The installation's chain: an ended task's last audit head joins it, at its end and with each event that comes later, and
 * the sink outside the store gets every link in order. Whoever rewrites the store cannot rewrite what the sink holds; a cut
 * tail shows against it.
 */
import { sql } from 'kysely';
import { canonicalJson, digestOf } from '../shared/digest.ts';
import type { Db } from '../task/open-database.ts';
import { CHAIN_START } from './chain-start.ts';

/** One link as the sink gets it. */
export interface InstallationLink {
  readonly installationId: string;
  readonly seq: number;
  readonly at: string;
  readonly taskId: string;
  readonly head: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** Where links go; `write` resolves once they are durable, and may get a link again after a crash. */
export interface AuditSink {
  write(links: readonly InstallationLink[]): Promise<void>;
}

/** Adds an ended task's last head, in the transaction that made it; the same head is added once. */
export async function appendInstallationHead(
  trx: Db,
  task: { id: string; installationId: number },
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('installation_audit'), hashtext(${String(task.installationId)}))`.execute(
    trx,
  );
  const head = await trx
    .selectFrom('audit_event')
    .select('hash')
    .where('task_id', '=', task.id)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const last = await trx
    .selectFrom('installation_audit')
    .select(['seq', 'hash'])
    .where('installation_id', '=', BigInt(task.installationId))
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const link = {
    installationId: String(task.installationId),
    seq: (last?.seq ?? 0) + 1,
    at: new Date().toISOString(),
    taskId: task.id,
    head: head?.hash ?? CHAIN_START,
    previousHash: last?.hash ?? CHAIN_START,
  };
  await trx
    .insertInto('installation_audit')
    .values({
      installation_id: BigInt(task.installationId),
      seq: link.seq,
      at: link.at,
      task_id: link.taskId,
      head: link.head,
      previous_hash: link.previousHash,
      hash: digestOf(canonicalJson(link)),
    })
    .onConflict((conflict) => conflict.columns(['task_id', 'head']).doNothing())
    .execute();
}

/** Writes what the sink has not got yet, oldest first; answers with how many links were written. */
export async function drainToSink(db: Db, sink: AuditSink, limit = 500): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const rows = await trx
      .selectFrom('installation_audit')
      .selectAll()
      .where('written_at', 'is', null)
      .orderBy('installation_id')
      .orderBy('seq')
      .limit(limit)
      .forUpdate()
      .execute();
    if (rows.length === 0) return 0;
    await sink.write(
      rows.map((row) => ({
        installationId: String(row.installation_id),
        seq: row.seq,
        at: row.at.toISOString(),
        taskId: row.task_id,
        head: row.head,
        previousHash: row.previous_hash,
        hash: row.hash,
      })),
    );
    for (const row of rows) {
      await trx
        .updateTable('installation_audit')
        .set({ written_at: new Date() })
        .where('installation_id', '=', row.installation_id)
        .where('seq', '=', row.seq)
        .execute();
    }
    return rows.length;
  });
}
