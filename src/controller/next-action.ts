/** Reads what the decision on a record depends on beside it, and decides; most passes over a running task read nothing here. */
import type { Db } from '../task/open-database.ts';
import type { TaskRecord } from '../task/record.ts';
import { hasPlace } from '../task/store/place.ts';
import { roundCalls } from '../task/store/round-calls.ts';
import { taskMoney } from '../task/store/task-money.ts';
import type { Action } from './action.ts';
import type { PlaceCaps } from './controller-deps.ts';
import { currentRound } from './current-round.ts';
import { decide } from './decide.ts';
import type { Observation } from './observation.ts';

/** Nobody judges or launches: nothing is asked. */
const CALM: Observation = {
  openReservations: 0,
  budgetSpent: false,
  modelFailed: false,
  room: true,
};

/** The money only where a verdict waits for it, a place only where a job that is new would take one. */
export async function nextAction(db: Db, record: TaskRecord, places: PlaceCaps): Promise<Action> {
  const now = record.readAt.getTime();
  const seen = record.task.state === 'judging' ? { ...CALM, ...(await readMoney(db, record)) } : CALM;
  const action = decide(record, seen, now);
  if (action.do !== 'launch' || action.rank === undefined) return action;
  const room = await hasPlace(db, {
    taskId: record.task.id,
    namespace: record.namespace,
    pods: places(record.namespace),
    rank: action.rank,
  });
  return room ? action : decide(record, { ...seen, room }, now);
}

async function readMoney(
  db: Db,
  record: TaskRecord,
): Promise<Pick<Observation, 'openReservations' | 'budgetSpent' | 'modelFailed'>> {
  const money = await taskMoney(db, record.task.id);
  const budget = record.task.pin?.config.taskBudgetNanoUsd;
  const { attempt, round } = record.task;
  const calls = await roundCalls(db, { taskId: record.task.id, attempt, round });
  const endedBy = currentRound(record)?.workEnd ?? null;
  return {
    openReservations: money.openReservations,
    budgetSpent:
      (budget !== undefined && money.heldNanoUsd >= BigInt(budget)) ||
      (endedBy === 'budget' && calls.refusedForMoney),
    modelFailed: !calls.answered || calls.lastFailed,
  };
}
