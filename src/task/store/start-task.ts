/** Starts a queued task under the schedule lock, or leaves it where it is: over capacity is a place in the queue. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';
import { type ConcurrencyCaps, type Place, startable } from '../schedule.ts';
import { RUNNING_STATES } from './running-tasks.ts';
import { startRound } from './start-round.ts';
import { type SeenTask, transition } from './transition.ts';

/** Key of the advisory lock: places are given by one transaction at a time. */
const SCHEDULE_LOCK = 4_207_001;

/** The task to start, and the attempt and round that begin with it. */
export interface TaskStart {
  readonly task: SeenTask;
  readonly attempt: number;
  readonly round: number;
  readonly caps: ConcurrencyCaps;
}

/** True when the task is working now, with its first round begun. Errors: `record-moved`. */
export function startTask(db: Db, start: TaskStart): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${SCHEDULE_LOCK})`.execute(trx);
    const queue = await places(trx, ['queued']);
    const running = await places(trx, RUNNING_STATES);
    if (!startable(queue, running, start.caps).has(start.task.id)) return false;
    await startRound(trx, {
      taskId: start.task.id,
      attempt: start.attempt,
      number: start.round,
      resumeDigest: null,
      followsRound: null,
    });
    await transition(trx, start.task, { to: 'working', by: 'controller' });
    return true;
  });
}

async function places(trx: Db, states: readonly string[]): Promise<Place[]> {
  const rows = await trx
    .selectFrom('task')
    .select(['id', 'installation_id', 'repository_id'])
    .where('state', 'in', [...states])
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    installationId: row.installation_id,
    repositoryId: row.repository_id,
  }));
}
