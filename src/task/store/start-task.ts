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
 * `begun`: the task is working now, with its first round, and in line for the place of its first sandbox, which was free.
 * `no-room`: it keeps its place in the queue. `busy`: another process starts one this moment; ask again soon, since
 * waiting would hold a connection.
 */
export type StartEnd = 'begun' | 'no-room' | 'busy';

/** Starts it, where the schedule has it go before all others. Errors: `record-moved`. */
export async function startTask(db: Db, start: TaskStart): Promise<StartEnd> {
  return db.transaction().execute(async (trx) => {
    if (!(await lockSchedule(trx))) return 'busy';
    const { task } = start;
    if (!(await startableTasks(trx, start.room)).has(task.id)) return 'no-room';
    await startRound(trx, {
      taskId: task.id,
      attempt: start.attempt,
      number: start.round,
      resumeDigest: null,
      followsRound: null,
    });
    const set = { wait_rank: PLACE_RANK.work, wait_since: sql<Date>`now()` };
    await transition(trx, task, { to: 'working', by: 'controller', set });
    return 'begun';
  });
}

async function lockSchedule(trx: Db): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(${SCHEDULE_LOCK}) as locked
  `.execute(trx);
  return rows[0]?.locked ?? false;
}
