/** The two Jobs of a round as our own builder makes them: what the admission policies let in, and mutations start from. */
import type { JobManifest } from '../../../src/job/kube-objects.ts';
import { kubernetesJob } from '../../../src/job/kubernetes-sandbox/kubernetes-job.ts';
import type { JobSpec } from '../../../src/job/sandbox.ts';
import type { TestImages } from '../../fixtures/cluster-images.ts';

const GIB = 2 ** 30;

/** With setup, so that all five phases are there between the two. */
export function legitimateJobs(images: TestImages, namespace: string) {
  const facts = {
    store: 'test',
    runnerImage: images.runner,
    gateway: { address: '198.19.7.7', port: 8080 },
    canaries: ['198.51.100.10:80'],
    nameServers: ['169.254.20.10'],
    appArmor: false,
  };
  return {
    work: kubernetesJob(spec('work', { images, namespace }), facts),
    verify: kubernetesJob(spec('verify', { images, namespace }), facts),
  };
}

/** What the Job controller makes of a Job. */
export function podOfJob({ metadata, spec }: JobManifest) {
  const name = metadata?.name ?? '';
  const ownerReferences = [
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      name,
      uid: '00000000-0000-4000-8000-000000000000',
      controller: true,
    },
  ];
  const labels = { ...spec?.template.metadata?.labels, 'batch.kubernetes.io/job-name': name };
  const pod = { name: `${name}-abcde`, namespace: metadata?.namespace, labels, ownerReferences };
  return { apiVersion: 'v1', kind: 'Pod', metadata: pod, spec: structuredClone(spec?.template.spec) };
}

function spec(
  kind: JobSpec['kind'],
  { images, namespace }: { images: TestImages; namespace: string },
): JobSpec {
  return {
    name: `gb-7k2m9q-${kind}-0123456789`,
    kind,
    taskId: '7k2m9q',
    attempt: 1,
    round: 1,
    phases: kind === 'work' ? ['fetch', 'setup', 'work'] : ['fetch', 'setup', 'verify', 'deliver'],
    isolation: 'pod',
    image: images.template,
    limits: {
      wallClockMs: 600_000,
      memoryBytes: GIB / 4,
      processes: 512,
      diskBytes: GIB,
      files: 100_000,
      outputBytes: 10_000_000,
    },
    deadlineMs: 900_000,
    pod: { namespace, cpuMillis: 100, runtimeClass: null, nodeSelector: {}, tolerations: [], queue: null },
    toolEnv: {},
  };
}
