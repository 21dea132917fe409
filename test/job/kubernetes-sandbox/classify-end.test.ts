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
import { SeenJob } from '../../../src/task/record.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/kubernetes-ends');
const Captured = z.strictObject({
  job: JobSeen,
  jobGone: z.boolean(),
  pods: z.array(z.strictObject({ pod: PodSeen, gone: z.boolean() })),
  failedCreate: EventSeen.nullable(),
});

function captured(name: string): KnownJob {
  const text = readFileSync(join(FOLDER, `${name}.json`), 'utf8');
  return { name: 'gb-7k2m9q-work-0123456789', ...Captured.parse(JSON.parse(text)) };
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
