/**
 * Is this caller's phase still open? Read in the caller's own transaction, so that a closing on any replica either comes
 * first and is seen, or waits for this transaction. A job's phase only moves forward: the first accepted request of a
 * later phase closes the tokens of the earlier ones, wherever they were smuggled to.
 */
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { Db } from '../open-database.ts';
import { enterPhase, phaseRank } from './enter-phase.ts';

/** Who asks, as proven by its token; a gateway's `Caller` has this shape. */
export interface PhaseCaller {
  readonly taskId: string;
  readonly jobName: string;
  readonly phase: Phase;
  /** The pod that holds the token; null on one machine. */
  readonly podUid: string | null;
}

/** Why a phase is closed for a caller; for the audit, never for the answer. `task-aborting` is the only one that yields. */
export type PhaseRefusal =
  | 'job-unknown'
  | 'job-closed'
  | 'task-ended'
  | 'round-over'
  | 'phase-not-of-job'
  | 'phase-over'
  | 'other-pod'
  | 'task-aborting'
  | 'pod-unbound';

/** The job's row as far as the gateway's decisions need it; locked until the transaction ends. */
export interface LockedJob {
  readonly name: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly round: number;
  readonly kind: string;
  readonly verifyEnded: boolean;
  readonly nothingComes: boolean;
  readonly baseResults: string | null;
  readonly newResults: string | null;
}

export type PhaseStanding =
  | { readonly open: true; readonly job: LockedJob }
  | { readonly open: false; readonly reason: PhaseRefusal; readonly job: LockedJob | null };

/**
 * Locks the task's row, then the job's (every writer takes them in this order), judges, and moves the job's phase
 * forward where the caller's is later. `trx` must be a transaction.
 */
export async function readPhase(trx: Db, caller: PhaseCaller): Promise<PhaseStanding> {
  const rows = await lockRows(trx, caller);
  if (!rows) return { open: false, reason: 'job-unknown', job: null };
  const job = lockedJob(rows.job);
  const reason = refusalOf(rows, caller);
  if (reason) return { open: false, reason, job };
  if (phaseRank(caller.phase) > phaseRank(rows.job.phase)) await enterPhase(trx, job, caller.phase);
  return { open: true, job };
}

/** `readPhase` for callers that need no reason, e.g. a reservation. */
export async function checkPhase(trx: Db, caller: PhaseCaller): Promise<'open' | 'closed'> {
  return (await readPhase(trx, caller)).open ? 'open' : 'closed';
}

type Rows = NonNullable<Awaited<ReturnType<typeof lockRows>>>;

async function lockRows(trx: Db, caller: PhaseCaller) {
  const task = await trx
    .selectFrom('task')
    .select(['state', 'attempt', 'round', 'abort'])
    .where('id', '=', caller.taskId)
    .forUpdate()
    .executeTakeFirst();
  const job = await trx
    .selectFrom('job')
    .selectAll()
    .where('name', '=', caller.jobName)
    .where('task_id', '=', caller.taskId)
    .forUpdate()
    .executeTakeFirst();
  if (!task || !job) return null;
  const round = await trx
    .selectFrom('round')
    .select('ended_at')
    .where('task_id', '=', job.task_id)
    .where('attempt', '=', job.attempt)
    .where('number', '=', job.round)
    .executeTakeFirst();
  return { task, job, round };
}

function refusalOf(rows: Rows, caller: PhaseCaller): PhaseRefusal | null {
  const { task, job } = rows;
  if (job.closed_at) return 'job-closed';
  if (task.state === 'ended') return 'task-ended';
  if (isRoundOver(rows)) return 'round-over';
  if (!isPhaseOf(job.kind, caller.phase)) return 'phase-not-of-job';
  if (phaseRank(caller.phase) < phaseRank(job.phase)) return 'phase-over';
  if (job.bound_uid !== null && job.bound_uid !== caller.podUid) return 'other-pod';
  if (task.abort !== null) return 'task-aborting';
  return job.bound_uid === caller.podUid ? null : 'pod-unbound';
}

/** The phases of a job that may talk: verify has no token at all, and only the verify job delivers. */
function isPhaseOf(kind: string, phase: Phase): boolean {
  if (phase === 'work') return kind === 'work';
  if (phase === 'deliver') return kind === 'verify';
  return phase !== 'verify';
}

function isRoundOver({ task, job, round }: Rows): boolean {
  if (!round || round.ended_at) return true;
  return job.attempt !== task.attempt || job.round !== task.round;
}

function lockedJob(job: Rows['job']): LockedJob {
  return {
    name: job.name,
    taskId: job.task_id,
    attempt: job.attempt,
    round: job.round,
    kind: job.kind,
    verifyEnded: job.verify_ended,
    nothingComes: job.nothing_comes,
    baseResults: job.base_results,
    newResults: job.new_results,
  };
}
