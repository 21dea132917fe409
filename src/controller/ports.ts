/**
 * What the controller asks of the other stages, as small interfaces: it moves the record, they do the work. Real ones are
 * built in `cmd/`; tests give fakes that record their calls.
 */
import type { Judgement } from '../result/judge.ts';
import type { Outcome, Pin, Reason, RepoRef, Task } from '../task/task.ts';

/** A lease on one task's row; every outside call is preceded by `check`. */
export interface Lease {
  readonly taskId: string;
  readonly epoch: number;
  /** Milliseconds left by the database's clock; error `lease-lost` when the row has another epoch or none is left. */
  check(): Promise<number>;
}

/** Pins an attempt: base commit and merged configuration, or the refusal to answer with. */
export interface Pinner {
  pin(
    task: Task,
  ): Promise<{ readonly pin: Pin } | { readonly refused: Reason; readonly outcome: 'refused' | 'errored' }>;
}

/** Short-lived tokens for one repository, `contents: read`. */
export interface RepoTokens {
  mint(repo: RepoRef): Promise<string>;
  revoke(token: string): Promise<void>;
}

/** Judges the sealed change set of the task's current round from the record; reads the base's files where it must. */
export interface Judge {
  judge(task: Task): Promise<Judgement>;
}

/** Publishes the round that was chosen; every step may be repeated after a crash. */
export interface Publisher {
  publish(task: Task, lease: Lease): Promise<PublishEnd>;
}

export type PublishEnd = {
  readonly outcome: Outcome;
  readonly reason: Reason | null;
  readonly branch: string | null;
  readonly commitSha: string | null;
  readonly pullNumber: number | null;
};

/** The sticky status comment; builds its text from the record, edits in slots. */
export interface StatusSurface {
  /** Brings the comment up to date; answers when it wants to be called again, or null when nothing is pending. */
  sync(task: Task, lease: Lease): Promise<Date | null>;
}
