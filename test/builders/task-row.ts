/** Puts a task into a test's store: accepted, asked for by octocat, nothing pinned yet. */
import type { Insertable } from 'kysely';
import { digestOf } from '../../src/shared/digest.ts';
import { newTaskId, systemRandom } from '../../src/shared/ids.ts';
import type { TaskTable } from '../../src/task/database.ts';
import type { Db } from '../../src/task/open-database.ts';
import type { Pin, Requester, Snapshot } from '../../src/task/task.ts';
import { buildAttemptConfig } from './attempt-config.ts';

let issue = 100;

export const BASE_SHA = '1f0c9d2000000000000000000000000000000000';

/** A pin on the base commit of the tests. */
export function buildPin(overrides: Partial<Pin> = {}): Pin {
  return {
    baseRef: 'main',
    baseSha: BASE_SHA,
    baseTreeSha: BASE_SHA.replace('1f', '2f'),
    config: buildAttemptConfig(),
    ...overrides,
  };
}

const requester: Requester = {
  id: 1,
  login: 'octocat',
  permission: 'write',
  roleName: 'write',
  via: 'label',
};
const snapshot: Snapshot = {
  title: 'parseDuration drops the minutes of 1h30m',
  body: 'It returns one hour.',
  comments: [],
  removed: [],
  takenAt: '2026-01-05T14:05:02.000Z',
};

/** Inserts an accepted task (each on an issue of its own) and answers with its id. */
export async function insertTask(db: Db, overrides: Partial<Insertable<TaskTable>> = {}): Promise<string> {
  const id = overrides.id ?? newTaskId(systemRandom);
  issue += 1;
  await db
    .insertInto('task')
    .values({
      id,
      installation_id: 11n,
      repository_id: 22n,
      owner: 'octo-org',
      repo: 'clock',
      private: false,
      issue_number: issue,
      state: 'accepted',
      requester: JSON.stringify(requester),
      snapshot: JSON.stringify(snapshot),
      snapshot_digest: digestOf('snapshot'),
      ...overrides,
    })
    .execute();
  return id;
}

/** Inserts a round of a task; number 1 of attempt 1 where nothing else is said. */
export async function insertRound(
  db: Db,
  taskId: string,
  overrides: { readonly attempt?: number; readonly number?: number } = {},
): Promise<void> {
  await db
    .insertInto('round')
    .values({ task_id: taskId, attempt: 1, number: 1, ...overrides })
    .execute();
}
