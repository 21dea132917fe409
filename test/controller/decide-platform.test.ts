/** How a cluster ends a job, or keeps it from starting, and what that means for its task. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/controller/decide.ts';
import type { JobRecord, TaskRecord } from '../../src/task/record.ts';
import {
  buildRecord,
  buildRound,
  CHANGE,
  closedJob,
  endedJob,
  lostJob,
  NOW,
  troubledJob,
} from '../builders/task-facts.ts';
import { CALM, verify, work } from '../fixtures/decision-table.ts';

const MINUTE_MS = 60_000;
const next = (record: TaskRecord) => decide(record, CALM, NOW);
const working = (job: JobRecord, platformFailures = 0) => buildRecord({ jobs: [job], platformFailures });
const waitedFor = (job: JobRecord, minutes: number) => ({
  ...job,
  launchedAt: new Date(NOW - minutes * MINUTE_MS),
});
const verifying = (job: JobRecord, sinceMinutes = 1) =>
  buildRecord({
    task: { state: 'verifying', stateSince: new Date(NOW - sinceMinutes * MINUTE_MS) },
    rounds: [buildRound({ sealedDigest: CHANGE, lastUploadDigest: CHANGE })],
    jobs: [{ ...closedJob(work), removedAt: new Date(NOW) }, job],
  });
const uploaded = [buildRound({ lastUploadDigest: CHANGE })];

describe('what took a job along', () => {
  it.each(['evicted', 'node-lost', 'pod-deleted', 'start-failed'] as const)(
    '%s is no work of the task: done again, and not billed',
    (kind) => {
      expect(next(working(troubledJob(work, kind, 'ended')))).toEqual({ do: 'restart-round' });
      expect(next(verifying(troubledJob(verify, kind, 'ended')))).toEqual({
        do: 'close-job',
        job: 'verify-1',
        reason: 'lost',
      });
    },
  );

  it('is named with how often and where, once it happened too often', () => {
    const lost = troubledJob(work, 'node-lost', 'ended', 'Node n1 went away');
    expect(next(working(lost, 3))).toEqual({
      do: 'end',
      outcome: 'errored',
      reason: {
        code: 'sandbox-lost',
        values: { count: 4, phase: 'fetch', cause: 'node-lost', alike: 'yes' },
        detail: 'Node n1 went away',
      },
    });
  });

  it('is not said to be the same each time where it was not', () => {
    const rounds = [buildRound({ lost: true }), buildRound({ number: 2 })];
    const first = { ...closedJob(troubledJob(work, 'evicted', 'ended')), removedAt: new Date(NOW) };
    const second = troubledJob({ ...work, name: 'work-2', round: 2 }, 'node-lost', 'ended');
    const record = buildRecord({ rounds, jobs: [first, second], platformFailures: 3 });
    expect(next(record)).toMatchObject({ reason: { values: { cause: 'node-lost', alike: 'no' } } });
  });

  it('is nothing that the record knows where a job has vanished', () => {
    expect(next(working(lostJob(work), 3))).toMatchObject({
      reason: { code: 'sandbox-lost', values: { cause: 'unknown', phase: 'work' } },
    });
  });

  it("is the job's own limit where that ended it, whatever the platform says beside it", () => {
    const job = endedJob(work, { fetch: 'completed', work: 'disk' });
    const evicted = job.seen && {
      ...job.seen,
      trouble: { kind: 'evicted' as const, message: 'low on disk' },
    };
    expect(next(buildRecord({ jobs: [{ ...job, seen: evicted }], rounds: uploaded }))).toEqual({
      do: 'seal',
      end: 'limit-disk',
    });
  });

  it('judges the last change set of a work container that ran out of memory with its children', () => {
    const oom = endedJob(work, { fetch: 'completed', setup: 'completed', work: 'memory' });
    const beside = { ...verify, seen: null };
    expect(next(buildRecord({ jobs: [oom, beside], rounds: uploaded }))).toEqual({
      do: 'seal',
      end: 'limit-memory',
    });
  });
});

describe('what keeps a job from starting', () => {
  it('ends the task at once where the image cannot be pulled, with the name that the kubelet gives', () => {
    const message =
      'Back-off pulling image "registry.example/node-24@sha256:9f00": ErrImagePull: failed to resolve reference: not found';
    expect(next(working(troubledJob(work, 'image-not-pulled', 'waiting', message)))).toEqual({
      do: 'end',
      outcome: 'errored',
      reason: {
        code: 'image-not-pulled',
        values: { image: 'registry.example/node-24@sha256:9f00', state: 'missing' },
        detail: message,
      },
    });
  });

  it('says of a registry that refuses us no more than that the image was not pulled', () => {
    const message = 'failed to pull image "registry.example/a": 401 Unauthorized';
    expect(next(working(troubledJob(work, 'image-not-pulled', 'waiting', message)))).toMatchObject({
      reason: { values: { image: 'registry.example/a', state: 'unpulled' } },
    });
  });

  it('ends it at once where admission refuses the pod, in the words of the refusal', () => {
    const job = troubledJob(work, 'admission-refused', 'waiting', `violates PodSecurity ${'x'.repeat(600)}`);
    const action = next(working(job));
    expect(action).toMatchObject({ do: 'end', outcome: 'errored', reason: { code: 'sandbox-refused' } });
    const message = action.do === 'end' ? String(action.reason?.values['message']) : '';
    expect(message).toMatch(/^violates PodSecurity x+\.\.\.$/);
    expect(message).toHaveLength(500);
  });

  it.each(['unschedulable', 'quota-full'] as const)('waits half an hour for %s to pass', (kind) => {
    const job = troubledJob(work, kind, 'waiting', '0/3 nodes are available');
    expect(next(working(waitedFor(job, 29)))).toMatchObject({ do: 'wait' });
    expect(next(working(waitedFor(job, 31)))).toMatchObject({
      do: 'end',
      outcome: 'errored',
      reason: { code: 'no-room', values: { minutes: 31, message: '0/3 nodes are available' } },
    });
  });

  it('waits a day where a queue of the cluster holds the job', () => {
    const job = { ...troubledJob(work, 'quota-full', 'waiting'), queued: true };
    expect(next(working(waitedFor(job, 23 * 60)))).toMatchObject({ do: 'wait' });
    expect(next(working(waitedFor(job, 25 * 60)))).toMatchObject({ do: 'end', outcome: 'errored' });
  });

  it('waits no longer for a job that nobody says anything about', () => {
    const silent = troubledJob(work, 'unschedulable', 'waiting');
    const seen = silent.seen && { ...silent.seen, trouble: null };
    expect(next(working(waitedFor({ ...silent, seen }, 31)))).toMatchObject({
      do: 'end',
      outcome: 'errored',
    });
  });

  it('leaves a job alone that has begun, however long ago it was launched', () => {
    expect(
      next(working(waitedFor({ ...work, seen: endedJob(work, { work: null }).seen }, 600))),
    ).toMatchObject({
      do: 'wait',
    });
  });

  it('keeps nobody waiting beside the agent: the work goes on, and the patience counts from the seal', () => {
    const stuck = waitedFor(troubledJob(verify, 'image-not-pulled', 'waiting'), 120);
    expect(next(buildRecord({ jobs: [work, stuck], rounds: uploaded }))).toMatchObject({ do: 'wait' });
    expect(next(verifying(stuck))).toMatchObject({ do: 'end', reason: { code: 'image-not-pulled' } });
    const unplaced = waitedFor(troubledJob(verify, 'unschedulable', 'waiting'), 120);
    expect(next(verifying(unplaced, 29))).toMatchObject({ do: 'wait' });
    expect(next(verifying(unplaced, 31))).toMatchObject({ do: 'end', reason: { code: 'no-room' } });
  });
});

describe('a sandbox that its node tries to start in vain', () => {
  const words = 'FailedMount: configmap "missing" not found';
  const stuck = (job: JobRecord) => troubledJob(job, 'start-failed', 'waiting', words);

  it('is tried for ten minutes, then done again and not billed', () => {
    expect(next(working(waitedFor(stuck(work), 9)))).toMatchObject({ do: 'wait' });
    expect(next(working(waitedFor(stuck(work), 11)))).toEqual({ do: 'restart-round' });
  });

  it("ends the task the fourth time, in the kubelet's words and not as a lack of room", () => {
    expect(next(working(waitedFor(stuck(work), 31), 3))).toEqual({
      do: 'end',
      outcome: 'errored',
      reason: {
        code: 'sandbox-lost',
        values: { count: 4, phase: 'start', cause: 'start-failed', alike: 'yes' },
        detail: words,
      },
    });
  });

  it('is replaced by another verify job once the task waits for it, and not beside the agent', () => {
    const job = waitedFor(stuck(verify), 60);
    expect(next(verifying(job, 9))).toMatchObject({ do: 'wait' });
    expect(next(verifying(job, 11))).toEqual({ do: 'close-job', job: 'verify-1', reason: 'lost' });
    const beside = buildRecord({ jobs: [work, job], rounds: uploaded });
    expect(next(beside)).toMatchObject({ do: 'wait' });
  });

  it('has until its own deadline where a queue of the cluster held the job', () => {
    expect(next(working({ ...waitedFor(stuck(work), 60), queued: true }))).toMatchObject({ do: 'wait' });
  });

  /** `job` with these phases, some of which go on. */
  const seenWith = (job: JobRecord, ended: JobRecord, running: readonly string[]): JobRecord => {
    const phases = (ended.seen?.phases ?? []).map((phase) =>
      running.includes(phase.phase)
        ? { ...phase, state: 'running' as const, reason: null, endedAt: null }
        : { ...phase, endedAt: NOW - 60 * MINUTE_MS },
    );
    return { ...job, seen: job.seen && { ...job.seen, state: 'running', phases } };
  };

  it('is left alone while another phase of it runs', () => {
    const job = waitedFor(stuck(work), 60);
    const seen = seenWith(job, endedJob(work, { fetch: 'completed' }), ['fetch']);
    expect(next(working(seen))).toMatchObject({ do: 'wait' });
  });

  it('is replaced where verify cannot start, though deliver runs and waits for it', () => {
    const job = waitedFor(stuck(verify), 60);
    const ended = endedJob(verify, { fetch: 'completed', deliver: 'completed' });
    const beside = seenWith(job, ended, ['deliver']);
    expect(next(verifying(beside, 9))).toMatchObject({ do: 'wait' });
    expect(next(verifying(beside, 11))).toEqual({ do: 'close-job', job: 'verify-1', reason: 'lost' });
    const judged = seenWith(job, endedJob(verify, { fetch: 'completed', verify: 'completed' }), ['verify']);
    expect(next(verifying(judged, 60))).toMatchObject({ do: 'wait' });
  });
});
