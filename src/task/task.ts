/**
 * The task record: what a person asked for and how far it is. Every stage reads and writes it; no stage calls another.
 * States and their transitions stand in `state-table.ts`.
 */
import { z } from 'zod';
import { AttemptConfig } from '../config/attempt-config.ts';
import type { CellResult } from '../result/contract/cell.ts';
import { Digest } from '../shared/digest.ts';
import { TaskId } from '../shared/ids.ts';

/**
 * `accepted` (asked for, not pinned) -> `queued` (pinned, waits for room) -> `working` (a work job of the round) ->
 * `verifying` (sealed, waits for the bundle) -> `judging` -> `working` again, or `publishing` -> `ended`.
 */
export const TaskState = z.enum([
  'accepted',
  'queued',
  'working',
  'verifying',
  'judging',
  'publishing',
  'ended',
]);
export type TaskState = z.infer<typeof TaskState>;

export const Outcome = z.enum(['verified', 'needs-human', 'refused', 'aborted', 'budget-reached', 'errored']);
export type Outcome = z.infer<typeof Outcome>;

/** Stable reason codes (docs: surfaces, "Reasons"). */
export const ReasonCode = z.enum([
  'no-permission',
  'bot-not-allowed',
  'config-missing',
  'config-invalid',
  'repository-unsupported',
  'tree-unsupported',
  'issue-empty',
  'issue-not-open',
  'task-exists',
  'attempts-used',
  'rate-limited',
  'cap-spent',
  'price-unknown',
  'isolation-missing',
  'app-suspended',
  'setup-failed',
  'change-empty',
  'protected-path',
  'secret-found',
  'tests-weakened',
  'bundle-invalid',
  'branch-moved',
  'push-refused',
  'gate-blocked',
  'checks-failed',
  'nothing-verified',
  'asks-human',
  'fence-not-in-force',
  'image-not-pulled',
  'sandbox-lost',
  'sandbox-refused',
  'no-room',
  'commit-unverified',
  'credential-found',
  'internal',
  'delivery-lost',
  'banned',
]);
export type ReasonCode = z.infer<typeof ReasonCode>;

/** A reason with the values of its sentence, e.g. `{ code: 'no-permission', values: { login: 'octocat', permission: 'triage' } }`. */
export const Reason = z.strictObject({
  code: ReasonCode,
  values: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Longer text for the fold (last output lines, the smallest configuration file), foreign and hostile. */
  detail: z.string().max(20_000).nullable(),
});
export type Reason = z.infer<typeof Reason>;

/** Who asked, by the event's sender and GitHub's answer about their permission. */
export const Requester = z.strictObject({
  id: z.int(),
  login: z.string(),
  permission: z.enum(['admin', 'write', 'read', 'none']),
  /** Only shown: GitHub's `role_name`, which may be a custom name. */
  roleName: z.string(),
  via: z.enum(['label', 'opened-with-label', 'command', 'sweep']),
});
export type Requester = z.infer<typeof Requester>;

/** The issue as it was when accepted; hidden text stripped, what was stripped counted. */
export const Snapshot = z.strictObject({
  title: z.string(),
  body: z.string(),
  comments: z.array(z.strictObject({ login: z.string(), createdAt: z.string(), body: z.string() })),
  removed: z.array(z.strictObject({ kind: z.string(), count: z.int(), characters: z.int() })),
  takenAt: z.string(),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** What an attempt is pinned to. */
export const Pin = z.strictObject({
  baseRef: z.string(),
  baseSha: z.string(),
  baseTreeSha: z.string(),
  config: AttemptConfig,
});
export type Pin = z.infer<typeof Pin>;

export const RepoRef = z.strictObject({
  installationId: z.int(),
  repositoryId: z.int(),
  owner: z.string(),
  repo: z.string(),
  private: z.boolean(),
});
export type RepoRef = z.infer<typeof RepoRef>;

/** Which round is published and what is to be said about it; set when judging ends, read by the publisher. */
export const PublishPlan = z.strictObject({
  round: z.int(),
  outcome: z.enum(['verified', 'needs-human', 'budget-reached']),
  reason: Reason.nullable(),
});
export type PublishPlan = z.infer<typeof PublishPlan>;

/** One task as the controller and the publisher see it: the row, parsed. */
export const Task = z.strictObject({
  id: TaskId,
  repo: RepoRef,
  issueNumber: z.int(),
  state: TaskState,
  outcome: Outcome.nullable(),
  reason: Reason.nullable(),
  /** Compare-and-set counter: grows with every change but leases and wake-ups. */
  version: z.int(),
  epoch: z.int(),
  requester: Requester,
  snapshot: Snapshot.nullable(),
  snapshotDigest: Digest.nullable(),
  pin: Pin.nullable(),
  attempt: z.int(),
  round: z.int(),
  /** Abort was asked for by this login, at this time. */
  abort: z.strictObject({ login: z.string(), at: z.string() }).nullable(),
  publishPlan: PublishPlan.nullable(),
  branch: z.string().nullable(),
  commitSha: z.string().nullable(),
  pullNumber: z.int().nullable(),
  createdAt: z.date(),
  stateSince: z.date(),
  endedAt: z.date().nullable(),
});
export type Task = z.infer<typeof Task>;

/** One round of a task: its seal and what its verify job delivered. */
export interface Round {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly number: number;
  /** Laid over the base when the round began: the set judged before, or what a lost round had uploaded last. */
  readonly resumeDigest: Digest | null;
  /** The judged round whose failing output this one is told; null for a first round. */
  readonly followsRound: number | null;
  /** Its work job was lost (our fault): never judged, and not counted against the configured rounds. */
  readonly lost: boolean;
  readonly lastUploadDigest: Digest | null;
  readonly sealedDigest: Digest | null;
  readonly sealedBy: 'work' | 'controller' | null;
  readonly workEnd: string | null;
  readonly narrative: string | null;
  readonly baseCells: readonly CellResult[] | null;
  readonly newCells: readonly CellResult[] | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}
