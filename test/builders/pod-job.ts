/** A job's spec as a template with `isolation: pod` gives it, and the facts that a cluster adds. */

import type { PodShape } from '../../src/config/attempt-config.ts';
import type { PodFacts } from '../../src/job/kubernetes-sandbox/kubernetes-job.ts';
import type { JobSpec } from '../../src/job/sandbox.ts';

export const POD: PodShape = {
  namespace: 'glovebox-sandbox',
  cpuMillis: 1_500,
  runtimeClass: null,
  nodeSelector: {},
  tolerations: [],
  queue: null,
};

export const FACTS: PodFacts = {
  store: 'a1b2c3d4e5f6a7b8c9d0',
  runnerImage: 'glovebox/runner:1',
  gateway: { address: '198.19.0.77', port: 8_080 },
  canaries: ['198.19.0.1:443'],
  nameServers: ['198.19.0.10'],
  appArmor: false,
};

/** A work job with setup. */
export function buildPodJob(change: Partial<JobSpec> = {}): JobSpec {
  return {
    name: 'gb-7k2m9q-work-9b8b9df18d',
    kind: 'work',
    taskId: '7k2m9q',
    attempt: 2,
    round: 3,
    phases: ['fetch', 'setup', 'work'],
    isolation: 'pod',
    image: 'docker.io/library/node:24-bookworm-slim',
    limits: {
      wallClockMs: 60_000,
      memoryBytes: 2 ** 30,
      processes: 256,
      diskBytes: 2 ** 30,
      files: 100_000,
      outputBytes: 1_000_000,
    },
    deadlineMs: 1_800_500,
    pod: POD,
    toolEnv: {},
    ...change,
  };
}

/** The verify job of the same round. */
export function buildVerifyJob(change: Partial<JobSpec> = {}): JobSpec {
  return buildPodJob({
    name: 'gb-7k2m9q-verify-0a1b2c3d4e',
    kind: 'verify',
    phases: ['fetch', 'setup', 'verify', 'deliver'],
    ...change,
  });
}
