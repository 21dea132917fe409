/** Notes the change set that the work job uploaded last; it is what a limit seals and what a lost round leaves behind. */
import { appendAudit } from '../../audit/append.ts';
import type { Digest } from '../../shared/digest.ts';
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../open-database.ts';
import { lockTask } from './lock-task.ts';
import { wakeTask } from './wake-task.ts';

/** An upload of one job; its change set is in the store already (`putChangeSet`). */
export interface UploadInput {
  readonly taskId: string;
  readonly attempt: number;
  readonly round: number;
  readonly jobName: string;
  readonly digest: Digest;
}

/** The last one wins until the seal. `trx` must be a transaction. Errors: `round-over`. */
export async function recordUpload(trx: Db, input: UploadInput): Promise<void> {
  await lockTask(trx, input.taskId);
  const updated = await trx
    .updateTable('round')
    .set({ last_upload_digest: input.digest })
    .where('task_id', '=', input.taskId)
    .where('attempt', '=', input.attempt)
    .where('number', '=', input.round)
    .where('sealed_digest', 'is', null)
    .where('ended_at', 'is', null)
    .returning('number')
    .executeTakeFirst();
  if (!updated) {
    throw new GloveboxError({
      code: 'round-over',
      message: `Round ${input.round} of task '${input.taskId}' takes no more change sets: it is sealed or over.`,
      audience: 'sandbox',
    });
  }
  await appendAudit(trx, input.taskId, {
    type: 'change-set.uploaded',
    data: { job: input.jobName, digest: input.digest },
  });
  if (!(await isJudgedBeside(trx, input))) await wakeTask(trx, input.taskId);
}

/** Where the round's verify job is there, nobody waits for a further upload: it counts at the seal. */
async function isJudgedBeside(trx: Db, input: UploadInput): Promise<boolean> {
  const verify = await trx
    .selectFrom('job')
    .select('name')
    .where('task_id', '=', input.taskId)
    .where('attempt', '=', input.attempt)
    .where('round', '=', input.round)
    .where('kind', '=', 'verify')
    .where('closed_at', 'is', null)
    .executeTakeFirst();
  return verify !== undefined;
}
