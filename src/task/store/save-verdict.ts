/** Keeps a round's verdict and diff with its audit event, and ends the round. The first ones stay. */
import { sql } from 'kysely';
import { appendAudit } from '../../audit/append.ts';
import type { Judgement } from '../../result/judge.ts';
import { canonicalJson, digestOf } from '../../shared/digest.ts';
import type { Db } from '../open-database.ts';
import { putBlob } from './put-blob.ts';

/** `trx` must be a transaction. */
export async function saveVerdict(
  trx: Db,
  round: { readonly taskId: string; readonly attempt: number; readonly number: number },
  { verdict, diff }: Judgement,
): Promise<void> {
  const text = canonicalJson(verdict);
  const diffDigest = diff === null ? null : await putBlob(trx, Buffer.from(diff));
  const saved = await trx
    .updateTable('round')
    .set({ verdict: text, diff_digest: diffDigest, ended_at: sql<Date>`coalesce(ended_at, now())` })
    .where('task_id', '=', round.taskId)
    .where('attempt', '=', round.attempt)
    .where('number', '=', round.number)
    .where('verdict', 'is', null)
    .returning('number')
    .executeTakeFirst();
  if (!saved) return;
  await appendAudit(trx, round.taskId, {
    type: 'round.judged',
    data: { round: round.number, conclusion: verdict.conclusion, digest: digestOf(text) },
  });
}
