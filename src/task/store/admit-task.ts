/** Admits a queued task under the admission lock, or leaves it where it is: over capacity is a place in the queue. */
import { sql } from 'kysely';
import { admitted, type ConcurrencyCaps, type Place } from '../admission.ts';
import type { Db } from '../open-database.ts';
import { RUNNING_STATES } from './running-tasks.ts';
import { startRound } from './start-round.ts';
import { type SeenTask, transition } from './transition.ts';

/** Key of the advisory lock: admission is decided by one transaction at a time. */
const ADMISSION_LOCK = 4_207_001;

/** The task to admit, and the attempt and round that begin with it. */
export interface Admission {
  readonly task: SeenTask;
  readonly attempt: number;
  readonly round: number;
  readonly caps: ConcurrencyCaps;
}

/** True when the task is working now, with its first round begun. Errors: `record-moved`. */
export function admitTask(db: Db, admission: Admission): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${ADMISSION_LOCK})`.execute(trx);
    const queue = await places(trx, ['queued']);
    const running = await places(trx, RUNNING_STATES);
    if (!admitted(queue, running, admission.caps).has(admission.task.id)) return false;
    await startRound(trx, {
      taskId: admission.task.id,
      attempt: admission.attempt,
      number: admission.round,
      resumeDigest: null,
      followsRound: null,
    });
    await transition(trx, admission.task, { to: 'working', by: 'controller' });
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
