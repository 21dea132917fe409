/** Records for decisions: a task with rounds and jobs, spelled as short as a table needs it. */
import type { Trouble } from '../../src/job/sandbox.ts';
import { changeSetDigest } from '../../src/result/contract/change-set.ts';
import { digestOf } from '../../src/shared/digest.ts';
import type { JobRecord, RoundRecord, SeenPhase, TaskRecord } from '../../src/task/record.ts';
import { emptyChangeSet } from '../../src/task/store/change-set-blob.ts';
import type { Task } from '../../src/task/task.ts';
import { buildTask } from './task-record.ts';
import { BASE_SHA } from './task-row.ts';

/** The moment of every decision in these tests. */
export const NOW = Date.parse('2026-01-02T14:10:00.000Z');
/** A change set, another one, and none. */
export const CHANGE = digestOf('a change set');
export const OTHER = digestOf('another change set');
export const EMPTY = changeSetDigest(emptyChangeSet(BASE_SHA));

/** A round of the first attempt that has just begun. */
export function buildRound(overrides: Partial<RoundRecord> = {}): RoundRecord {
  return {
    number: 1,
    resumeDigest: null,
    followsRound: null,
    lost: false,
    lastUploadDigest: null,
    sealedDigest: null,
    workEnd: null,
    narrative: null,
    verdict: null,
    diffDigest: null,
    ...overrides,
  };
}

/** A launched job of round 1 in which everything runs. */
export function buildJob(overrides: Partial<JobRecord> & Pick<JobRecord, 'kind'>): JobRecord {
  const number = overrides.number ?? 1;
  return {
    name: `${overrides.kind}-${number}`,
    attempt: 1,
    round: 1,
    number,
    phase: overrides.kind === 'work' ? 'work' : 'deliver',
    failure: null,
    verifyEnded: false,
    nothingComes: false,
    baseResults: false,
    newResults: null,
    gitToken: false,
    revokeAt: null,
    createdAt: new Date(NOW - 60_000),
    launchedAt: new Date(NOW - 60_000),
    closedAt: null,
    endedAt: null,
    stopAskedAt: null,
    removedAt: null,
    seen: null,
    queued: false,
    ...overrides,
  };
}

type Ends = Readonly<Partial<Record<SeenPhase['phase'], SeenPhase['reason']>>>;

/** What the adapter saw: phases with a reason ended, those with null run. */
export function seenJob(ends: Ends, state: 'running' | 'ended'): NonNullable<JobRecord['seen']> {
  const phases = Object.entries(ends).map(([phase, reason]) => seenPhase(phase, reason ?? null));
  return { name: 'seen', state, phases, network: 'nothing but our gateway', notLimited: [], trouble: null };
}

/** A job whose end stands in the record. */
export function endedJob(job: JobRecord, ends: Ends): JobRecord {
  return { ...job, endedAt: new Date(NOW - 1_000), seen: seenJob(ends, 'ended') };
}

/** A job that the platform has something against: nothing of it has begun, or its first phase ended with it. */
export function troubledJob(
  job: JobRecord,
  kind: Trouble['kind'],
  state: 'waiting' | 'ended',
  message = `the platform's words about ${kind}`,
): JobRecord {
  const phases = state === 'ended' ? [seenPhase('fetch', 'error')] : [];
  const seen = { name: 'seen', state, phases, network: 'nothing but our gateway', notLimited: [] };
  const end = state === 'ended' ? { endedAt: new Date(NOW - 1_000) } : {};
  return { ...job, ...end, phase: 'fetch', seen: { ...seen, trouble: { kind, message } } };
}

/** A job that the adapter no longer knows. */
export function lostJob(job: JobRecord): JobRecord {
  return { ...job, endedAt: new Date(NOW - 1_000), seen: null };
}

/** A job closed a moment ago. */
export function closedJob(job: JobRecord, agoMs = 10): JobRecord {
  return { ...job, closedAt: new Date(NOW - agoMs) };
}

/** A record with these rounds and jobs; the current round is the last one. */
export function buildRecord(parts: {
  readonly task?: Partial<Task>;
  readonly rounds?: readonly RoundRecord[];
  readonly jobs?: readonly JobRecord[];
  readonly failures?: number;
  readonly failingSince?: Date;
  readonly platformFailures?: number;
  readonly waiting?: TaskRecord['waiting'];
}): TaskRecord {
  const rounds = parts.rounds ?? [buildRound()];
  return {
    task: buildTask({
      round: rounds.at(-1)?.number ?? 1,
      stateSince: new Date(NOW - 60_000),
      ...parts.task,
    }),
    readAt: new Date(NOW),
    surfaceDue: false,
    failures: parts.failures ?? 0,
    failingSince: parts.failingSince ?? null,
    platformFailures: parts.platformFailures ?? 0,
    namespace: null,
    waiting: parts.waiting ?? null,
    rounds,
    jobs: parts.jobs ?? [],
  };
}

function seenPhase(phase: string, reason: SeenPhase['reason']): SeenPhase {
  return {
    phase:
      phase === 'fetch' || phase === 'setup' || phase === 'work' || phase === 'verify' ? phase : 'deliver',
    state: reason === null ? 'running' : 'ended',
    exitCode: reason === 'completed' ? 0 : null,
    signal: null,
    reason,
    startedAt: NOW - 50_000,
    endedAt: reason === null ? null : NOW - 1_000,
  };
}
