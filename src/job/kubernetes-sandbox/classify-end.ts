/**
 * What the API tells of a job, as one observation: which phase is where, how each ended, what the platform has against
 * it. Pure; the kubelet's word counts, and the runner's exit code only says which of its own limits an error was.
 */
import { RUNNER_EXIT } from '../../result/contract/layout.ts';
import { PHASES, type Phase } from '../../result/contract/phase-spec.ts';
import { type ContainerStatus, type EventSeen, isOver, type JobSeen, type PodSeen } from '../kube-objects.ts';
import type { JobObservation, PhaseEndReason, PhaseObservation, Trouble } from '../sandbox.ts';
import { NOT_LIMITED } from './kubernetes-job.ts';
import { creationTrouble, deletedPod, isOverOwnDisk, neverStarted, podTrouble } from './pod-trouble.ts';

/** A pod as last seen; `gone`: its object is no more. */
export interface KnownPod {
  readonly pod: PodSeen;
  readonly gone: boolean;
  /** What kept its next container from starting when it was last told; it may not stand in its status any more. */
  readonly complaint: Trouble | null;
}

/** All that is known of one job. A Job may start two pods; only the first is ever served. */
export interface KnownJob {
  readonly name: string;
  /** As last seen; null when only its pod was. */
  readonly job: JobSeen | null;
  readonly jobGone: boolean;
  /** Oldest first. */
  readonly pods: readonly KnownPod[];
  readonly failedCreate: EventSeen | null;
}

/** Who ended a pod's containers, and since when (Unix milliseconds; null: not known). */
interface Cause {
  readonly reason: Extract<PhaseEndReason, 'deadline' | 'disk' | 'stopped'>;
  readonly since: number | null;
}

/** Exit codes by which the runner names what ended its phase; anything else is an error. */
const EXIT_REASONS: ReadonlyMap<number, PhaseEndReason> = new Map([
  [RUNNER_EXIT.done, 'completed'],
  [RUNNER_EXIT.disk, 'disk'],
  [RUNNER_EXIT.processes, 'processes'],
  [RUNNER_EXIT.stopped, 'stopped'],
]);

/** Ends that the runner came to by itself, whatever happened to the pod. */
const OWN_ENDS: ReadonlySet<number> = new Set([RUNNER_EXIT.done, RUNNER_EXIT.disk, RUNNER_EXIT.processes]);

/** The observation. */
export function classifyEnd(known: KnownJob): JobObservation {
  const first = known.pods[0] ?? null;
  const phases = phaseNames(known).map((phase) => phaseOf(phase, first, known));
  const { name } = known;
  const network = 'nothing but our gateway';
  return {
    name,
    state: stateOf(known),
    phases,
    network,
    notLimited: NOT_LIMITED,
    trouble: troubleOf(known, phases),
  };
}

function stateOf(known: KnownJob): JobObservation['state'] {
  const { pods } = known;
  if (pods.some(({ pod, gone }) => !gone && !isOver(pod))) {
    return pods.some(({ pod }) => hasBegun(pod)) ? 'running' : 'waiting';
  }
  // a pod that was taken away may be followed by another until its Job has given up
  const last = pods.length > 0 && pods.every(({ gone }) => !gone);
  return last || known.jobGone || isFinished(known.job) ? 'ended' : pods.length > 0 ? 'running' : 'waiting';
}

const isFinished = (job: JobSeen | null): boolean =>
  job?.status.conditions.some(
    ({ type, status }) => status === 'True' && (type === 'Failed' || type === 'Complete'),
  ) ?? false;

function hasBegun({ status }: PodSeen): boolean {
  return [...status.initContainerStatuses, ...status.containerStatuses].some(
    ({ state }) => state.running || state.terminated,
  );
}

function phaseNames({ job, pods }: KnownJob): readonly Phase[] {
  const spec = job?.spec.template.spec ?? pods[0]?.pod.spec;
  const names = new Set(
    [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name }) => name),
  );
  return PHASES.filter((phase) => names.has(phase));
}

function phaseOf(phase: Phase, known: KnownPod | null, job: KnownJob): PhaseObservation {
  const status = known === null ? undefined : statusOf(known.pod, phase);
  if (known === null || status === undefined) return waitingPhase(phase);
  const { running, terminated } = status.state;
  if (terminated) return endedPhase(phase, terminated, causeOf(known, job));
  if (!running) return waitingPhase(phase);
  const { startedAt } = running;
  if (!known.gone && !isOver(known.pod)) return { ...waitingPhase(phase), state: 'running', startedAt };
  // its end was never told: the pod was taken away, or its node was
  const reason = causeOf(known, job)?.reason ?? 'stopped';
  return { ...waitingPhase(phase), state: 'ended', reason, startedAt };
}

function waitingPhase(phase: Phase): PhaseObservation {
  return {
    phase,
    state: 'waiting',
    exitCode: null,
    signal: null,
    reason: null,
    startedAt: null,
    endedAt: null,
  };
}

function endedPhase(phase: Phase, end: Terminated, cause: Cause | null): PhaseObservation {
  const { exitCode, startedAt, finishedAt } = end;
  const reason = endReason(end, cause);
  return { phase, state: 'ended', exitCode, signal: null, reason, startedAt, endedAt: finishedAt };
}

function statusOf({ status }: PodSeen, phase: Phase): ContainerStatus | undefined {
  return [...status.initContainerStatuses, ...status.containerStatuses].find(({ name }) => name === phase);
}

type Terminated = NonNullable<ContainerStatus['state']['terminated']>;

/** A child that ran out of memory shows as `OOMKilled` even where the runner then ended well (cgroup v1). */
function endReason({ reason, exitCode, finishedAt }: Terminated, cause: Cause | null): PhaseEndReason {
  if (reason === 'OOMKilled') return 'memory';
  if (neverStarted(reason)) return 'start-failed';
  // the kubelet found no such container when it looked: how it ended, or whether it ran, nobody knows
  if (reason === 'ContainerStatusUnknown') return 'stopped';
  if (cause !== null && isBy(cause, finishedAt, exitCode)) return cause.reason;
  return EXIT_REASONS.get(exitCode) ?? 'error';
}

/** The kubelet's times are whole seconds. Where the moment is not known, the runner's own reasons come first. */
function isBy({ since }: Cause, finishedAt: number | null, exitCode: number): boolean {
  if (since === null || finishedAt === null) return !OWN_ENDS.has(exitCode);
  return finishedAt >= Math.floor(since / 1_000) * 1_000;
}

function causeOf({ pod, gone }: KnownPod, { job }: KnownJob): Cause | null {
  const { status, spec, metadata } = pod;
  const deletedAt = deletionAskedAt(pod);
  if (status.reason === 'DeadlineExceeded') {
    const seconds = spec.activeDeadlineSeconds ?? null;
    return {
      reason: 'deadline',
      since: status.startTime === null || seconds === null ? null : status.startTime + seconds * 1_000,
    };
  }
  if (isJobDeadline(job)) return { reason: 'deadline', since: deletedAt };
  if (isOverOwnDisk(pod)) return { reason: 'disk', since: null };
  if (gone || metadata.deletionTimestamp !== null) return { reason: 'stopped', since: deletedAt };
  return podTrouble(pod) !== null ? { reason: 'stopped', since: null } : null;
}

const isJobDeadline = (job: JobSeen | null): boolean =>
  job?.status.conditions.some(({ reason, status }) => reason === 'DeadlineExceeded' && status === 'True') ??
  false;

/** The kubelet's last word on a pod is a second deletion without grace, which overwrites when the first was asked for. */
function deletionAskedAt({ metadata }: PodSeen): number | null {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === null || !deletionGracePeriodSeconds) return null;
  return deletionTimestamp - deletionGracePeriodSeconds * 1_000;
}

function troubleOf(known: KnownJob, phases: readonly PhaseObservation[]): Trouble | null {
  const [first] = known.pods;
  if (first === undefined) return known.failedCreate === null ? null : creationTrouble(known.failedCreate);
  const found = podTrouble(first.pod);
  if (found !== null) return found;
  return isTakenAway(first, known, phases) ? deletedPod(first.pod) : neverBegun(first, phases);
}

/** A deadline overwrites in the status why nothing had begun by then. */
function neverBegun({ complaint }: KnownPod, phases: readonly PhaseObservation[]): Trouble | null {
  const next = phases.find(({ reason }) => reason !== 'completed');
  return next !== undefined && next.startedAt === null ? complaint : null;
}

/** Deleted while its Job stood and had time left; a pod that had ended by then is only tidied away. */
function isTakenAway(
  { pod, gone }: KnownPod,
  { job, jobGone }: KnownJob,
  phases: readonly PhaseObservation[],
): boolean {
  if (jobGone || isJobDeadline(job)) return false;
  const isDeleted = gone || pod.metadata.deletionTimestamp !== null;
  return isDeleted && (!isOver(pod) || phases.some(({ reason }) => reason === 'stopped'));
}
