/**
 * Somebody asks to stop a task. Both jobs of the round are closed in the same transaction, which cuts their calls at
 * once; stopping and removing the sandboxes, and the outcome, are the controller's.
 */
import { sql } from 'kysely';
import { appendAudit } from '../../audit/append.ts';
import type { Db } from '../open-database.ts';
import { isAbortable } from '../state-table.ts';
import type { Task } from '../task.ts';
import { closeRoundJobs } from './close-round-jobs.ts';
import { loadTask } from './load-task.ts';
import { lockTask } from './lock-task.ts';
import { wakeTask } from './wake-task.ts';

/** `ended`: nothing to abort; `publishing`: too late, its pull request is in the making. */
export type AbortAnswer = 'asked' | 'asked-before' | 'ended' | 'publishing';

/** What was answered, with the task as it was found. */
export interface AbortRequest {
  readonly answer: AbortAnswer;
  readonly task: Task;
}

/** `login` must have been checked by the caller. Opens a transaction of its own. Errors: `task-unknown`. */
export function requestAbort(db: Db, taskId: string, login: string): Promise<AbortRequest> {
  return db.transaction().execute(async (trx) => {
    await lockTask(trx, taskId);
    const task = await loadTask(trx, taskId);
    const answer = answerFor(task);
    if (answer !== 'asked') return { answer, task };
    await trx
      .updateTable('task')
      .set({
        abort: sql<string>`jsonb_build_object('login', ${login}::text, 'at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`,
        version: sql<number>`version + 1`,
      })
      .where('id', '=', taskId)
      .execute();
    await appendAudit(trx, taskId, { type: 'task.abort-asked', data: { login } });
    await closeRoundJobs(trx, { taskId, attempt: task.attempt, round: task.round }, 'aborted');
    await wakeTask(trx, taskId);
    return { answer, task };
  });
}

function answerFor(task: Task): AbortAnswer {
  if (task.state === 'ended') return 'ended';
  if (!isAbortable(task.state)) return 'publishing';
  return task.abort ? 'asked-before' : 'asked';
}
