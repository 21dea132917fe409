/** Compare without set: locks a task's row if it is still as the caller read it, for writes that change no state. */
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../open-database.ts';
import type { SeenTask } from './transition.ts';

/** `trx` must be a transaction. Errors: `record-moved` (retry: load again). */
export async function lockSeen(trx: Db, task: SeenTask): Promise<void> {
  const row = await trx
    .selectFrom('task')
    .select('id')
    .where('id', '=', task.id)
    .where('version', '=', task.version)
    .where('epoch', '=', task.epoch)
    .forUpdate()
    .executeTakeFirst();
  if (row) return;
  throw new GloveboxError({
    code: 'record-moved',
    message: `Task '${task.id}' is no longer at version ${task.version}, epoch ${task.epoch}: somebody else moved it. Load it again.`,
    retry: true,
  });
}
