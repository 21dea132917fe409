/** What the controller is built from, in `cmd/`, and what one step of a pass is handed. */
import type { Sandbox } from '../job/sandbox.ts';
import type { RandomBytes } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import type { SecretBox } from '../shared/secret-box.ts';
import type { Db } from '../task/open-database.ts';
import type { TaskRecord } from '../task/record.ts';
import type { ConcurrencyCaps } from '../task/schedule.ts';
import type { OneAtATime } from './one-at-a-time.ts';
import type { Judge, Lease, Pinner, Publisher, RepoTokens, StatusSurface } from './ports.ts';

/** What the controller is built from. */
export interface ControllerDeps {
  readonly db: Db;
  readonly sandbox: Sandbox;
  readonly pinner: Pinner;
  readonly tokens: RepoTokens;
  readonly judge: Judge;
  readonly publisher: Publisher;
  readonly status: StatusSurface;
  readonly secretBox: SecretBox;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly settings: ControllerSettings;
}

/** What a pass and its steps are handed. */
export interface StepDeps extends ControllerDeps {
  /** Room became free: whoever can use it is looked for beside the pass. */
  roomFreed(): void;
  /** Tasks of this process start in turn. */
  readonly starts: OneAtATime;
}

export interface ControllerSettings {
  /** Names this process in leases, e.g. host and pid. */
  readonly holder: string;
  /** Longer than any single outside call may take, in milliseconds. */
  readonly leaseMs: number;
  /** Tasks that may run at once. */
  readonly caps: ConcurrencyCaps;
  /** Sandboxes that may run at once in a namespace; null: on this machine. */
  readonly pods: PlaceCaps;
  /** Tasks that this process moves at once. */
  readonly parallel: number;
  /** Between two looks for due tasks, in milliseconds; hints shorten it. */
  readonly pollMs: number;
  /** Shortest wait after a step that failed, in milliseconds. */
  readonly retryMs: number;
  /** Between two resyncs, in milliseconds. */
  readonly resyncMs: number;
}

/** How many sandboxes a namespace takes. */
export type PlaceCaps = (namespace: string | null) => number;

/** One step: the record that was decided on, and the lease it is made under. */
export interface Step {
  readonly record: TaskRecord;
  readonly lease: Lease;
}

/** `go-on`: decide again at once. Else the pass ends and the task is due after so long (null: never). */
export type Progress = 'go-on' | { readonly wakeAfterMs: number | null };
