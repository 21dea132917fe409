/** A task with an open work job and its token, as the controller would have left them. */
import { systemRandom } from '../src/shared/ids.ts';
import { issueToken, tokenHash } from '../src/shared/token.ts';
import type { Db } from '../src/task/open-database.ts';
import { buildAttemptConfig } from '../test/builders/attempt-config.ts';
import { buildPin, insertRound, insertTask } from '../test/builders/task-row.ts';

const TASK = 'bbbbbb';
const JOB = 'gb-bbbbbb-work-0000000000';

/** Writes the rows; answers the token. */
export async function seedWorkJob(db: Db): Promise<string> {
  const config = { ...buildAttemptConfig(), taskBudgetNanoUsd: '900000000000000' };
  await insertTask(db, {
    id: TASK,
    installation_id: 9n,
    repository_id: 7n,
    state: 'working',
    pin: JSON.stringify(buildPin({ config })),
  });
  await insertRound(db, TASK);
  const job = { name: JOB, task_id: TASK, attempt: 1, round: 1, kind: 'work', number: 1 };
  await db
    .insertInto('job')
    .values({ ...job, spec: '{}', phase: 'work' })
    .execute();
  const token = issueToken(systemRandom);
  await db
    .insertInto('phase_token')
    .values({ hash: tokenHash(token), job_name: JOB, phase: 'work' })
    .execute();
  return token;
}
