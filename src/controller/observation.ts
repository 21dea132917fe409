/** What a decision needs beside the task's own record: its money, and room for sandboxes. */
import type { Db } from '../task/open-database.ts';
import type { TaskRecord } from '../task/record.ts';
import { liveJobs } from '../task/store/live-jobs.ts';
import { taskMoney } from '../task/store/task-money.ts';

/** What is no part of the task's record, read in the same moment. */
export interface Observation {
  /** Ledger rows of the task that are not settled: a verdict waits for them. */
  readonly openReservations: number;
  /** What the task may spend is spent. */
  readonly budgetSpent: boolean;
  /** There is room for one more sandbox now; at the seal nobody asks. */
  readonly sandboxRoom: boolean;
}

/** Reads it. `sandboxes`: how many may run at once. */
export async function readObservation(db: Db, record: TaskRecord, sandboxes: number): Promise<Observation> {
  const money = await taskMoney(db, record.task.id);
  const budget = record.task.pin?.config.taskBudgetNanoUsd;
  const live = await liveJobs(db);
  return {
    openReservations: money.openReservations,
    budgetSpent: budget !== undefined && money.heldNanoUsd >= BigInt(budget),
    sandboxRoom: live.length < sandboxes,
  };
}
