/** `glovebox task list [--json]`: the open tasks and the latest that ended. Reads only. */
import { formatMicro } from '../shared/money.ts';
import type { Db } from '../task/open-database.ts';
import { outcomeWord } from '../task/outcome-word.ts';
import { type ListedTask, listTasks } from '../task/store/list-tasks.ts';

/** Tasks that one list shows at most. */
const MAX_TASKS = 100;

export interface TaskListDeps {
  readonly db: Db;
  readonly io: { readonly out: (text: string) => void };
}

/** Prints the table; JSON is one object a line, amounts are nano-dollars. */
export async function taskListCommand(
  { db, io }: TaskListDeps,
  args: { readonly json?: boolean | undefined },
): Promise<0> {
  const tasks = await listTasks(db, MAX_TASKS);
  io.out(args.json === true ? tasks.map(jsonLine).join('') : formatTasks(tasks));
  return 0;
}

/** The table; pure. Every line ends in a line break. */
function formatTasks(tasks: readonly ListedTask[]): string {
  if (tasks.length === 0)
    return 'No task yet. Setting the label on an issue starts one (`label` in glovebox.config.yml, `agent` by default).\n';
  const places = tasks.map(({ task }) => `${task.repo.owner}/${task.repo.repo}#${task.issueNumber}`);
  const width = Math.max('Issue'.length, ...places.map((place) => place.length));
  const head = `${'Task'.padEnd(8)}${'State'.padEnd(16)}${'Issue'.padEnd(width + 2)}${'Pull'.padEnd(8)}${'Spent $'.padStart(9)}  Since\n`;
  return head + tasks.map((listed, index) => line(listed, (places[index] ?? '').padEnd(width + 2))).join('');
}

function line({ task, spentNanoUsd }: ListedTask, place: string): string {
  const pull = task.pullNumber === null ? '' : `#${task.pullNumber}`;
  const since = task.stateSince.toISOString().slice(0, 19).replace('T', ' ');
  return `${task.id.padEnd(8)}${outcomeWord(task).padEnd(16)}${place}${pull.padEnd(8)}${formatMicro(spentNanoUsd).padStart(9)}  ${since}\n`;
}

function jsonLine({ task, spentNanoUsd }: ListedTask): string {
  const { id, state, outcome, attempt, round, pullNumber } = task;
  const repository = `${task.repo.owner}/${task.repo.repo}`;
  return `${JSON.stringify({
    task: id,
    repository,
    issue: task.issueNumber,
    state,
    outcome,
    reason: task.reason?.code ?? null,
    attempt,
    round,
    pull: pullNumber,
    costNanoUsd: String(spentNanoUsd),
    since: task.stateSince.toISOString(),
  })}\n`;
}
