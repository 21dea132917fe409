/** Starts a queued task under the schedule lock, or leaves it where it is: over capacity is a place in the queue. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';
import { PLACE_RANK } from '../place-rank.ts';
import { startRound } from './start-round.ts';
import { type Room, startableTasks } from './startable-tasks.ts';
import { type SeenTask, transition } from './transition.ts';

/** Key of the advisory lock: places are given by one transaction at a time. */
const SCHEDULE_LOCK = 4_207_001;

/** The task to start, and the attempt and round that begin with it. */
export interface TaskStart {
  readonly task: SeenTask;
  readonly attempt: number;
  readonly round: number;
  readonly room: Room;
}

/**
 * True when the task is working now, with its first round begun and in line for the place of its first sandbox, which was
 * free. Errors: `record-moved`.
 */
export function startTask(db: Db, start: TaskStart): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${SCHEDULE_LOCK})`.execute(trx);
    const { task } = start;
    if (!(await startableTasks(trx, start.room)).has(task.id)) return false;
    await startRound(trx, {
      taskId: task.id,
      attempt: start.attempt,
      number: start.round,
      resumeDigest: null,
      followsRound: null,
    });
    const set = { wait_rank: PLACE_RANK.work, wait_since: sql<Date>`now()` };
    await transition(trx, task, { to: 'working', by: 'controller', set });
    return true;
  });
}
