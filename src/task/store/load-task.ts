/** Reads one task's row as the zod `Task` that all stages share: the only place that turns columns into fields. */
import type { Selectable } from 'kysely';
import { GloveboxError } from '../../shared/errors.ts';
import type { TaskTable } from '../database.ts';
import type { Db } from '../open-database.ts';
import { Task } from '../task.ts';

/** What a `Task` is made of; named, so that the statement can stay prepared. */
export const TASK_COLUMNS = [
  'id',
  'installation_id',
  'repository_id',
  'owner',
  'repo',
  'private',
  'issue_number',
  'state',
  'outcome',
  'reason',
  'version',
  'epoch',
  'requester',
  'snapshot',
  'snapshot_digest',
  'pin',
  'attempt',
  'round',
  'abort',
  'publish_plan',
  'branch',
  'commit_sha',
  'pull_number',
  'created_at',
  'state_since',
  'ended_at',
] as const satisfies readonly (keyof TaskTable)[];

/** The task, or null where none has this id. */
export async function findTask(db: Db, taskId: string): Promise<Task | null> {
  const row = await db.selectFrom('task').select(TASK_COLUMNS).where('id', '=', taskId).executeTakeFirst();
  return row ? taskOfRow(row) : null;
}

/** The task. Errors: `task-unknown`. */
export async function loadTask(db: Db, taskId: string): Promise<Task> {
  const task = await findTask(db, taskId);
  if (task) return task;
  throw new GloveboxError({
    code: 'task-unknown',
    message: `Task '${taskId}' is not in the store: expected an id that \`glovebox task list\` shows.`,
    audience: 'requester',
    values: { task: taskId },
  });
}

/** Parses a row; a row that does not parse is a defect of ours and throws zod's error. */
export function taskOfRow(row: Pick<Selectable<TaskTable>, (typeof TASK_COLUMNS)[number]>): Task {
  return Task.parse({
    id: row.id,
    repo: {
      installationId: Number(row.installation_id),
      repositoryId: Number(row.repository_id),
      owner: row.owner,
      repo: row.repo,
      private: row.private,
    },
    issueNumber: row.issue_number,
    state: row.state,
    outcome: row.outcome,
    reason: row.reason,
    version: row.version,
    epoch: row.epoch,
    requester: row.requester,
    snapshot: row.snapshot,
    snapshotDigest: row.snapshot_digest,
    pin: row.pin,
    attempt: row.attempt,
    round: row.round,
    abort: row.abort,
    publishPlan: row.publish_plan,
    branch: row.branch,
    commitSha: row.commit_sha,
    pullNumber: row.pull_number,
    createdAt: row.created_at,
    stateSince: row.state_since,
    endedAt: row.ended_at,
  });
}
