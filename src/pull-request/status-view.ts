/** What the status comment shows: fields of the record at one moment, read by `read-status-view`. */
import type { Verdict } from '../result/verdict.ts';
import type { NanoUsd } from '../shared/money.ts';
import type { Task } from '../task/task.ts';

/** One row of the phase table. */
export interface PhaseRow {
  readonly phase: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'base checks done';
  readonly ms: number | null;
}

/** Tasks that run at once, and how many may. */
export interface RunningTasks {
  readonly running: number;
  readonly limit: number;
}

export interface StatusView {
  readonly task: Task;
  readonly now: Date;
  /** The label that starts a task now, whatever it was when this one was asked for. */
  readonly label: string;
  /** Only while queued: its place, and how full each of the caps is that it waits for. */
  readonly queue: {
    readonly position: number;
    readonly length: number;
    readonly repository: RunningTasks;
    readonly installation: RunningTasks;
    readonly all: RunningTasks;
  } | null;
  /** How full the place of its sandboxes is; `inLine`: past the queue, and its next sandbox has no place yet. */
  readonly place: {
    readonly namespace: string | null;
    readonly taken: number;
    readonly limit: number;
    readonly inLine: boolean;
  } | null;
  /** A launched sandbox that the cluster has no room for, or cannot start, yet; in its words, and for how long. */
  readonly held: {
    readonly why: 'no-room' | 'not-started';
    readonly message: string;
    readonly patienceMs: number;
  } | null;
  readonly phases: readonly PhaseRow[];
  readonly calls: number;
  readonly spentNanoUsd: NanoUsd;
  readonly budgetNanoUsd: NanoUsd | null;
  /** What the money went to, by kind of token; empty where nothing was spent. */
  readonly spentOn: readonly { readonly name: string; readonly nanoUsd: NanoUsd }[];
  /** Whose cap ended a task by its budget; null where none did. */
  readonly spentCap: 'task' | 'repository' | 'team' | 'organisation' | null;
  /** How soon after an abort its model call was over; null where none was under way. */
  readonly cutAfterMs: number | null;
  readonly boundMinutes: number | null;
  /** The runner's last step, as reported. */
  readonly step: string | null;
  readonly verdict: Verdict | null;
  readonly rounds: number;
  readonly narrative: string | null;
  readonly totalMs: number;
}
