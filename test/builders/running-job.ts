/** A task in the middle of its work, with a round and jobs whose phase tokens a test holds. */
import type { Insertable } from 'kysely';
import type { Phase } from '../../src/result/contract/phase-spec.ts';
import { jobName, systemRandom } from '../../src/shared/ids.ts';
import { issueToken, tokenHash } from '../../src/shared/token.ts';
import type { TaskTable } from '../../src/task/database.ts';
import type { Db } from '../../src/task/open-database.ts';
import { createJob } from '../../src/task/store/create-job.ts';
import { buildPin, insertRound, insertTask } from './task-row.ts';

/** Limits as a job's spec holds them. */
export const LIMITS = {
  wallClockMs: 600_000,
  memoryBytes: 1024 ** 3,
  processes: 200,
  diskBytes: 1024 ** 3,
  files: 50_000,
  outputBytes: 1024 ** 2,
};

/** A job in the store, and a token for every phase that may talk. */
export interface RunningJob {
  readonly taskId: string;
  readonly name: string;
  readonly tokens: Readonly<Record<Phase, string>>;
}

/** Inserts a pinned task in state `working`; answers with its id. */
export async function insertWorkingTask(
  db: Db,
  overrides: Partial<Insertable<TaskTable>> = {},
): Promise<string> {
  return insertTask(db, { state: 'working', pin: JSON.stringify(buildPin()), ...overrides });
}

/** Inserts a job of a task's round, as the controller does before a launch. */
export async function insertJob(
  db: Db,
  key: {
    readonly taskId: string;
    readonly kind: 'work' | 'verify';
    readonly round?: number;
    readonly number?: number;
    /** The namespace of the job's pod; left out, the job has none. */
    readonly namespace?: string | undefined;
  },
): Promise<RunningJob> {
  const { namespace, ...rest } = key;
  const full = { attempt: 1, round: 1, number: 1, ...rest };
  const spec = { name: jobName(full), limits: LIMITS, pod: namespace === undefined ? null : { namespace } };
  const name = jobName(full);
  const tokens = freshTokens();
  const tokenHashes = Object.fromEntries(
    Object.entries(tokens).map(([phase, token]) => [phase, tokenHash(token)]),
  );
  await db.transaction().execute((trx) => createJob(trx, { ...full, name, spec, tokenHashes }));
  return { taskId: key.taskId, name, tokens };
}

/** A working task with its first round, its work job and its verify job. */
export async function insertRunningRound(
  db: Db,
  overrides: Partial<Insertable<TaskTable>> = {},
  namespace?: string,
): Promise<{ readonly taskId: string; readonly work: RunningJob; readonly verify: RunningJob }> {
  const taskId = await insertWorkingTask(db, overrides);
  await insertRound(db, taskId);
  const work = await insertJob(db, { taskId, kind: 'work', namespace });
  const verify = await insertJob(db, { taskId, kind: 'verify', namespace });
  return { taskId, work, verify };
}

function freshTokens(): Record<Phase, string> {
  const token = (): string => issueToken(systemRandom);
  return { fetch: token(), setup: token(), work: token(), verify: token(), deliver: token() };
}
