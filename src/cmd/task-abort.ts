/** `glovebox task abort TASK`: stops a task from the operator's terminal. The record first; the controller does the rest. */
import { hasCode } from '../shared/errors.ts';
import type { Db } from '../task/open-database.ts';
import { outcomeWord } from '../task/outcome-word.ts';
import { type AbortRequest, requestAbort } from '../task/store/request-abort.ts';

export interface TaskAbortDeps {
  readonly db: Db;
  readonly io: { readonly out: (text: string) => void; readonly error: (text: string) => void };
}

/** Exit code 0 where the task is stopping, 2 where there is nothing to stop. `login` is who asks, for the audit. */
export async function taskAbortCommand(
  { db, io }: TaskAbortDeps,
  args: { readonly task: string; readonly login: string },
): Promise<0 | 2> {
  try {
    const request = await requestAbort(db, args.task, args.login);
    const isStopping = request.answer === 'asked' || request.answer === 'asked-before';
    (isStopping ? io.out : io.error)(`${abortSentence(request)}\n`);
    return isStopping ? 0 : 2;
  } catch (error) {
    if (!hasCode(error, 'task-unknown')) throw error;
    io.error(`Refused: ${error.message}\n`);
    return 2;
  }
}

/** What the terminal says; pure. */
function abortSentence({ answer, task }: AbortRequest): string {
  switch (answer) {
    case 'asked':
      return `Task ${task.id} is stopping: its model calls are cut now, its sandboxes are removed next.`;
    case 'asked-before':
      return `Task ${task.id} is stopping already: ${task.abort?.login ?? 'somebody'} asked at ${task.abort?.at ?? 'an unknown time'}.`;
    case 'publishing':
      return `Refused: task ${task.id} is publishing its pull request, which is not left half made. Close the pull request instead.`;
    case 'ended':
      return `Nothing to abort: the task ended as ${outcomeWord(task)} at ${task.endedAt?.toISOString().slice(11, 19) ?? 'an unknown time'} UTC.`;
    default:
      return answer satisfies never;
  }
}
