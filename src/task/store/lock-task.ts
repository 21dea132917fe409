/**
 * Takes a task row's lock first in every transaction that writes its rounds or jobs, so that two of them can never wait
 * for each other in a circle.
 */
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../open-database.ts';

/** Locks the row until the transaction ends. Errors: `task-unknown`. */
export async function lockTask(trx: Db, taskId: string): Promise<void> {
  const row = await trx
    .selectFrom('task')
    .select('id')
    .where('id', '=', taskId)
    .forUpdate()
    .executeTakeFirst();
  if (row) return;
  throw new GloveboxError({
    code: 'task-unknown',
    message: `Task '${taskId}' is not in the store: expected an id that \`glovebox task list\` shows.`,
    audience: 'requester',
    values: { task: taskId },
  });
}
