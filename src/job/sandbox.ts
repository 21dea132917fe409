/**
 * The sandbox interface: one job in, its end out. Two adapters implement it: `process-sandbox` (one machine) and, on
 * Kubernetes, Jobs. The controller is the only caller; nobody execs into a running sandbox.
 */
import type { PodShape } from '../config/attempt-config.ts';
import type { LimitKind } from '../result/contract/cell.ts';
import type { Phase, SandboxLimits } from '../result/contract/phase-spec.ts';
import type { TaskId } from '../shared/ids.ts';

/** verify keeps several copies of the workspace side by side: its scratch volume holds so many times the disk limit. */
export const SCRATCH_SHARE = 4;

/** Everything that decides a job's shape; pure data without secrets, stored in the record and printed by `job show`. */
export interface JobSpec {
  /** From `jobName`; created once, never used again. */
  readonly name: string;
  readonly kind: 'work' | 'verify';
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly round: number;
  /** Phases in order. `verify` and `deliver` run side by side, all others one after another. */
  readonly phases: readonly Phase[];
  readonly isolation: 'bubblewrap' | 'none' | 'pod';
  /** Template image; null on one machine. */
  readonly image: string | null;
  readonly limits: SandboxLimits;
  /** The whole job must have ended so many milliseconds after its launch; the adapter kills it then. */
  readonly deadlineMs: number;
  /** What only a pod has, from the admin's template; null on one machine. */
  readonly pod: PodShape | null;
  /** Environment for tools from the admin's template; never a secret. */
  readonly toolEnv: Readonly<Record<string, string>>;
}

/** Why a phase ended, as the system outside the sandbox saw it. `memory` only when a limiter or kernel counter says so. */
export type PhaseEndReason = 'completed' | 'error' | LimitKind | 'deadline' | 'stopped' | 'start-failed';

/** One phase as seen from outside. */
export interface PhaseObservation {
  readonly phase: Phase;
  readonly state: 'waiting' | 'running' | 'ended';
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly reason: PhaseEndReason | null;
  /** Unix milliseconds. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/**
 * What the platform has against a job, as its own words say. `unschedulable` and `quota-full` may pass, and the job waits;
 * `image-not-pulled` and `admission-refused` need an operator; the rest ended the job and is not its own doing: `evicted`
 * for want of something on the node, while a job that is evicted over its own limit ended by that limit (`disk`).
 */
export const TROUBLES = [
  'unschedulable',
  'quota-full',
  'image-not-pulled',
  'admission-refused',
  'evicted',
  'node-lost',
  'pod-deleted',
  'start-failed',
] as const;
export interface Trouble {
  readonly kind: (typeof TROUBLES)[number];
  /** The platform's own text, cut to 500 characters; names the image, the node count, the quota. */
  readonly message: string;
}

/** One job as seen from outside. */
export interface JobObservation {
  readonly name: string;
  /**
   * `waiting`: nothing of it has begun, for want of a node, quota, image or queue. `ended`: nothing of it runs any more,
   * proven. A job that is unknown to the adapter is absent from lists.
   */
  readonly state: 'waiting' | 'running' | 'ended';
  readonly phases: readonly PhaseObservation[];
  /** What the isolation enforced, for the check run: `nothing but our gateway` or `not fenced (isolation: none)`. */
  readonly network: string;
  readonly notLimited: readonly string[];
  readonly trouble: Trouble | null;
}

/** One secret per phase that talks to the gateway, handed to the adapter only; their hashes are in the record. */
export type PhaseTokens = Readonly<Partial<Record<Phase, string>>>;

/**
 * Runs jobs. Calls may be repeated: a second `launch` of a name does nothing, `stop` and `remove` of an unknown name
 * neither. Where sandboxes outlive the bot, the adapter marks each with the store's name (`readStoreId`) and knows only
 * those. Errors are `GloveboxError` with codes `isolation-missing`, `sandbox-refused` (spec not accepted) or
 * `sandbox-unavailable` (`retry: true`).
 */
export interface Sandbox {
  launch(spec: JobSpec, tokens: PhaseTokens): Promise<void>;
  /**
   * Null: there is no such job (never launched, removed, or lost with its machine); never said from a cache alone, which
   * may lag behind another replica's launch.
   */
  observe(name: string): Promise<JobObservation | null>;
  list(): Promise<readonly JobObservation[]>;
  /**
   * Asks for the end of everything of the job: SIGTERM, then after `graceMs` SIGKILL. May resolve before that is done, in
   * seconds on a cluster: `observe` answers `ended` or null only once nothing of it runs.
   */
  stop(name: string, graceMs: number): Promise<void>;
  /** Forgets an ended job and deletes its folders; one that still runs is ended first. */
  remove(name: string): Promise<void>;
  /** Calls `listener` with a job's name whenever something about it changed; returns the unsubscriber. A hint only. */
  subscribe(listener: (name: string) => void): () => void;
}
