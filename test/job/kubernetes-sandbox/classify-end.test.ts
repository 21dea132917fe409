/**
 * How each end looks, from statuses that were captured on a real cluster (Kubernetes 1.35, cgroup v1); the two of lost
 * nodes on a Node object without a kubelet, whose containers' states were written by hand.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EventSeen, JobSeen, PodSeen } from '../../../src/job/kube-objects.ts';
import { classifyEnd, type KnownJob } from '../../../src/job/kubernetes-sandbox/classify-end.ts';
import { KnownJobs } from '../../../src/job/kubernetes-sandbox/known-jobs.ts';
import { isSilent, startComplaint } from '../../../src/job/kubernetes-sandbox/start-complaint.ts';
import { SeenJob } from '../../../src/task/record.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/kubernetes-ends');
const Captured = z.strictObject({
  job: JobSeen,
  jobGone: z.boolean(),
  pods: z.array(z.strictObject({ pod: PodSeen, gone: z.boolean() })),
  failedCreate: EventSeen.nullable(),
  /** What the pod's own events said when it hung. */
  podEvents: z.array(EventSeen).default([]),
});

function captured(name: string): KnownJob {
  const text = readFileSync(join(FOLDER, `${name}.json`), 'utf8');
  const { podEvents, pods, ...rest } = Captured.parse(JSON.parse(text));
  const complaint = startComplaint(podEvents);
  const jobName = 'gb-7k2m9q-work-0123456789';
  return { name: jobName, ...rest, pods: pods.map((pod) => ({ ...pod, complaint })) };
}

/** A pod of a captured job with another end of one container. */
function withEnd(name: string, phase: string, end: Partial<{ exitCode: number; reason: string }>): KnownJob {
  const known = captured(name);
  const [first] = known.pods;
  if (first === undefined) throw new Error(`no pod in ${name}`);
  const containerStatuses = first.pod.status.containerStatuses.map((status) =>
    status.name !== phase || !status.state.terminated
      ? status
      : { ...status, state: { terminated: { ...status.state.terminated, ...end } } },
  );
  return {
    ...known,
    pods: [{ ...first, pod: { ...first.pod, status: { ...first.pod.status, containerStatuses } } }],
  };
}

const told = (known: KnownJob) => {
  const { state, phases, trouble } = classifyEnd(known);
  const words = phases.map((one) => `${one.phase} ${one.state === 'ended' ? one.reason : one.state}`);
  return [state, words.join(', '), trouble?.kind ?? null];
};

const SEEN = [
  ['created', 'waiting', 'fetch waiting, setup waiting, work waiting', null],
  ['suspended', 'waiting', 'fetch waiting, setup waiting, work waiting', null],
  ['pending', 'waiting', 'fetch waiting, setup waiting, work waiting', null],
  ['fetch-running', 'running', 'fetch running, setup waiting, work waiting', null],
  ['work-running', 'running', 'fetch completed, setup completed, work running', null],
  ['completed', 'ended', 'fetch completed, setup completed, work completed', null],
  ['setup-failed', 'ended', 'fetch completed, setup error, work waiting', null],
  ['child-out-of-memory', 'ended', 'fetch completed, work memory', null],
  ['verify-out-of-memory', 'running', 'fetch completed, verify memory, deliver running', null],
  ['runner-says-disk', 'ended', 'fetch completed, work disk', null],
  ['volume-over-limit', 'ended', 'fetch completed, work disk', null],
  ['pod-deadline', 'ended', 'fetch completed, work deadline', null],
  ['job-deadline', 'ended', 'fetch completed, work deadline', null],
  ['image-error', 'running', 'fetch completed, setup waiting, work waiting', 'image-not-pulled'],
  ['image-back-off', 'running', 'fetch completed, setup waiting, work waiting', 'image-not-pulled'],
  ['image-name-invalid', 'running', 'fetch completed, setup waiting, work waiting', 'image-not-pulled'],
  ['image-until-deadline', 'ended', 'fetch completed, setup waiting, work waiting', 'image-not-pulled'],
  ['unschedulable', 'waiting', 'fetch waiting, setup waiting, work waiting', 'unschedulable'],
  ['quota-full', 'waiting', 'fetch waiting, setup waiting, work waiting', 'quota-full'],
  ['account-missing', 'waiting', 'fetch waiting, setup waiting, work waiting', 'admission-refused'],
  ['over-limit-range', 'waiting', 'fetch waiting, setup waiting, work waiting', 'admission-refused'],
  ['pod-deleted-running', 'running', 'fetch completed, work running', 'pod-deleted'],
  ['pod-deleted', 'ended', 'fetch completed, work stopped', 'pod-deleted'],
  ['job-deleted-running', 'running', 'fetch completed, work running', null],
  ['job-deleted', 'ended', 'fetch completed, work stopped', null],
  ['evicted-by-api', 'ended', 'fetch completed, work stopped', 'evicted'],
  ['command-missing', 'ended', 'fetch start-failed, setup waiting, work waiting', 'start-failed'],
  ['config-error', 'waiting', 'fetch waiting, setup waiting, work waiting', 'start-failed'],
  ['config-error-until-deadline', 'ended', 'fetch stopped, setup waiting, work waiting', null],
  ['mount-failed', 'waiting', 'fetch waiting, setup waiting, work waiting', 'start-failed'],
  ['mount-failed-until-deadline', 'ended', 'fetch stopped, setup waiting, work waiting', 'start-failed'],
  ['pod-sandbox-failed', 'waiting', 'fetch waiting, setup waiting, work waiting', 'start-failed'],
  [
    'pod-sandbox-failed-until-deadline',
    'ended',
    'fetch stopped, setup waiting, work waiting',
    'start-failed',
  ],
  ['node-silent', 'running', 'fetch completed, work running', 'node-lost'],
  ['node-gone', 'ended', 'fetch completed, work stopped', 'node-lost'],
] as const;

describe('what the API server tells of a job', () => {
  it.each(SEEN)('reads %s as %s: %s; %s', (name, ...expected) => {
    expect(told(captured(name))).toEqual(expected);
  });

  it('is what the record takes', () => {
    for (const [name] of SEEN) SeenJob.parse(classifyEnd(captured(name)));
    expect(readdirSync(FOLDER)).toHaveLength(SEEN.length);
  });

  it.each([
    ['image-back-off', /^Image 'registry.invalid\/octo-org\/toolchain:1': ImagePullBackOff: .*no such host/],
    ['image-name-invalid', /^Image 'Octo-Org\/Toolchain::1': InvalidImageName: .*must be lowercase/],
    ['unschedulable', /^0\/2 nodes are available: 1 node\(s\) didn't match Pod's node affinity/],
    ['quota-full', /exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0/],
    ['account-missing', /serviceaccount "sandbox" not found/],
    ['command-missing', /^Container 'fetch': StartError: .*\/opt\/glovebox\/nodejs: no such file/],
    ['mount-failed', /^FailedMount: .* volume "settings" : configmap "missing" not found$/],
    ['mount-failed-until-deadline', /^FailedMount: .*configmap "missing" not found$/],
    ['pod-sandbox-failed', /^FailedCreatePodSandBox: .*no runtime for "nowhere" is configured$/],
    ['node-gone', /^DeletionByPodGC: PodGC: node no longer exists/],
    ['evicted-by-api', /^EvictionByEvictionAPI: /],
  ])('says in the platform’s own words what is wrong: %s', (name, message) => {
    const { trouble } = classifyEnd(captured(name));
    expect(trouble?.message).toMatch(message);
    expect(trouble?.message.length).toBeLessThanOrEqual(500);
  });

  it.each([
    ['completed', 0, 'Completed', 'completed'],
    ['completed', 10, 'Error', 'error'],
    ['completed', 13, 'Error', 'processes'],
    ['completed', 14, 'Error', 'stopped'],
    ['completed', 137, 'Error', 'error'],
    ['completed', 137, 'OOMKilled', 'memory'],
    ['completed', 0, 'OOMKilled', 'memory'],
    ['job-deleted', 0, 'Completed', 'completed'],
    ['job-deleted', 12, 'Error', 'disk'],
    ['job-deleted', 137, 'Error', 'stopped'],
    ['job-deleted', 137, 'OOMKilled', 'memory'],
    ['pod-deadline', 0, 'Completed', 'deadline'],
    ['volume-over-limit', 137, 'Error', 'disk'],
  ] as const)('%s with exit code %i and %s ends as %s', (name, exitCode, reason, expected) => {
    const known = withEnd(name, 'work', { exitCode, reason });
    expect(classifyEnd(known).phases.at(-1)?.reason).toBe(expected);
  });

  it('never takes an exit code for a lack of memory', () => {
    for (let exitCode = 0; exitCode <= 255; exitCode += 1) {
      const known = withEnd('completed', 'work', { exitCode, reason: 'Error' });
      expect(classifyEnd(known).phases.at(-1)?.reason).not.toBe('memory');
    }
  });

  it('does not call a job ended whose pod was taken away while its Job might make another', () => {
    const known = captured('pod-deleted');
    const job = { ...known.job, status: { conditions: [] } };
    expect(classifyEnd({ ...known, job: JobSeen.parse(job) }).state).toBe('running');
  });

  it('does not call a job ended while a second pod of it runs', () => {
    const [first] = captured('completed').pods;
    const [second] = captured('work-running').pods;
    const known = { ...captured('completed'), pods: [first, second].filter((pod) => pod !== undefined) };
    expect(classifyEnd(known)).toMatchObject({ state: 'running', phases: [{ reason: 'completed' }, {}, {}] });
  });
});

const podsOf = (name: string) => captured(name).pods.map(({ pod }) => pod);
const eventOf = (reason: string, second: number) =>
  EventSeen.parse({
    metadata: { name: reason },
    involvedObject: { kind: 'Pod' },
    reason,
    message: 'words',
    lastTimestamp: `2026-01-02T14:05:${String(second).padStart(2, '0')}Z`,
  });

describe('a pod that hangs before its first container', () => {
  it.each([
    ['mount-failed', true],
    ['pod-sandbox-failed', true],
    ['config-error', false],
    ['image-back-off', false],
    ['unschedulable', false],
    ['fetch-running', false],
    ['mount-failed-until-deadline', false],
    ['completed', false],
    ['pod-deleted-running', false],
  ])('is one whose status says nothing: %s, %s', (name, expected) => {
    expect(podsOf(name).map(isSilent)).toEqual([expected]);
  });

  it.each([
    [['FailedMount'], 'FailedMount: words'],
    [['FailedAttachVolume', 'FailedMount'], 'FailedMount: words'],
    [['FailedMount', 'FailedCreatePodSandBox'], 'FailedCreatePodSandBox: words'],
    [['FailedMount', 'Pulling'], null],
    [['Pulled', 'FailedCreatePodSandBox'], 'FailedCreatePodSandBox: words'],
    [['FailedScheduling', 'Scheduled', 'Unhealthy'], null],
    [[], null],
  ])('after the events %j says %s', (reasons, expected) => {
    const events = reasons.map((reason, second) => eventOf(reason, second));
    expect(startComplaint(events.toReversed())?.message ?? null).toBe(expected);
  });

  it('keeps what the status said before the deadline overwrote it', () => {
    const jobs = new KnownJobs(
      () => {},
      () => 0,
    );
    for (const name of ['config-error', 'config-error-until-deadline']) {
      for (const pod of podsOf(name)) jobs.podChanged(pod, false);
    }
    const known = jobs.get('gb-7k2m9q-work-0123456789');
    expect(known && classifyEnd(known)).toMatchObject({
      state: 'ended',
      trouble: {
        kind: 'start-failed',
        message: 'Container \'fetch\': CreateContainerConfigError: secret "missing" not found',
      },
    });
  });

  it('is forgiven once it has begun', () => {
    const jobs = new KnownJobs(
      () => {},
      () => 0,
    );
    const [stuck] = podsOf('config-error');
    const [running] = podsOf('fetch-running');
    if (stuck === undefined || running === undefined) throw new Error('no pod');
    jobs.podChanged(stuck, false);
    jobs.podChanged({ ...running, metadata: stuck.metadata }, false);
    expect(jobs.get('gb-7k2m9q-work-0123456789')?.pods).toMatchObject([{ complaint: null }]);
  });
});
