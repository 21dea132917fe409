/**
 * The whole record of one task as the controller decides on it: the task, the rounds of its attempt and every job with
 * what was seen of it. Plain data; `store/load-record.ts` reads it in one go.
 */
import { z } from 'zod';
import { TROUBLES } from '../job/sandbox.ts';
import { LimitKind } from '../result/contract/cell.ts';
import type { PhaseFailure } from '../result/contract/gateway-api.ts';
import { Phase } from '../result/contract/phase-spec.ts';
import type { Verdict } from '../result/verdict.ts';
import type { Digest } from '../shared/digest.ts';
import type { Task } from './task.ts';

/** One phase as the record keeps it: what the sandbox adapter saw from outside. */
export const SeenPhase = z.strictObject({
  phase: Phase,
  state: z.enum(['waiting', 'running', 'ended']),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  reason: z
    .enum(['completed', 'error', ...LimitKind.options, 'deadline', 'stopped', 'start-failed'])
    .nullable(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
});
export type SeenPhase = z.infer<typeof SeenPhase>;

/** One job as it was seen last. */
export const SeenJob = z.strictObject({
  name: z.string(),
  state: z.enum(['waiting', 'running', 'ended']),
  phases: z.array(SeenPhase),
  network: z.string(),
  notLimited: z.array(z.string()),
  trouble: z
    .strictObject({ kind: z.enum(TROUBLES), message: z.string() })
    .nullable()
    .default(null),
});
export type SeenJob = z.infer<typeof SeenJob>;

/** A job's row. `ended`: nothing of it runs any more; without an ended `seen` it was lost. */
export interface JobRecord {
  readonly name: string;
  readonly attempt: number;
  readonly round: number;
  readonly kind: 'work' | 'verify';
  readonly number: number;
  readonly phase: string | null;
  readonly failure: z.infer<typeof PhaseFailure> | null;
  readonly verifyEnded: boolean;
  readonly nothingComes: boolean;
  readonly baseResults: boolean;
  /** Delivered for the sealed digest; `complete` false where verify died before the last cell. */
  readonly newResults: { readonly complete: boolean } | null;
  readonly gitToken: boolean;
  /** When the next try to revoke it is due; null: no try has failed. */
  readonly revokeAt: Date | null;
  readonly createdAt: Date;
  readonly launchedAt: Date | null;
  readonly closedAt: Date | null;
  readonly endedAt: Date | null;
  /** The adapter was asked to end it. */
  readonly stopAskedAt: Date | null;
  readonly removedAt: Date | null;
  readonly seen: SeenJob | null;
  /** A queue of the cluster holds it until there is room: it may wait for long. */
  readonly queued: boolean;
}

/** A round's row, with its verdict where it was judged. */
export interface RoundRecord {
  readonly number: number;
  readonly resumeDigest: Digest | null;
  readonly followsRound: number | null;
  readonly lost: boolean;
  readonly lastUploadDigest: Digest | null;
  readonly sealedDigest: Digest | null;
  readonly workEnd: string | null;
  readonly narrative: string | null;
  readonly verdict: Verdict | null;
  /** A blob: the change set against its base as a unified diff. */
  readonly diffDigest: Digest | null;
}

export interface TaskRecord {
  readonly task: Task;
  /** The database's clock when the record was read. */
  readonly readAt: Date;
  /** The status comment wanted to be brought up to date then. */
  readonly surfaceDue: boolean;
  /** Tries of the current step that failed for no reason that passes by itself. */
  readonly failures: number;
  /** When the first of the failures in a row was; null where the last try succeeded. */
  readonly failingSince: Date | null;
  /** Lost work jobs of this attempt. */
  readonly platformFailures: number;
  /** Where its sandboxes run; null on one machine. */
  readonly namespace: string | null;
  /** Stands in line for a sandbox's place; a lower rank goes first. */
  readonly waiting: { readonly rank: number } | null;
  /** Of the current attempt, in order. */
  readonly rounds: readonly RoundRecord[];
  /** Of all attempts, in order of their creation. */
  readonly jobs: readonly JobRecord[];
}
