/** What a decision needs beside the task's own record: its money, and a place for the job that it would launch next. */

/** What is no part of the task's record, read in the same moment. */
export interface Observation {
  /** Ledger rows of the task that are not settled: a verdict waits for them. */
  readonly openReservations: number;
  /** What the task may spend is spent, or its round ended because the gateway had no money for its next call. */
  readonly budgetSpent: boolean;
  /** No answer of the model's came in the task's round, or its last call failed at the upstream. */
  readonly modelFailed: boolean;
  /** A place is free for the job that would be launched next. */
  readonly room: boolean;
}

/** The same with the time of the decision, in Unix milliseconds by the database's clock. */
export interface Moment extends Observation {
  readonly now: number;
}
