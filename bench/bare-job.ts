/**
 * A Job of the same shape as a work job of ours (containers, volumes, tokens, limits, labels: the same pure builder), each
 * of whose containers prints the time and does nothing. It runs in a namespace of its own with the same labels of Pod
 * Security, network policies and service account: the admission policies of ours let nothing but the runner in.
 */
import { z } from 'zod';
import type { Kubectl } from '../demo/cluster/kubectl.ts';
import { NAMESPACES } from '../demo/cluster/places.ts';
import type { ContainerManifest, JobManifest } from '../src/job/kube-objects.ts';
import { kubernetesJob, type PodFacts } from '../src/job/kubernetes-sandbox/kubernetes-job.ts';
import type { JobSpec } from '../src/job/sandbox.ts';
import { systemClock } from '../src/shared/clock.ts';
import { auditEnd, readCalls } from './audit-calls.ts';

const NAMESPACE = 'glovebox-bench';
const SHOWN = ['networkpolicies', '-n', NAMESPACES.sandbox, '-o', 'json'];
const Policies = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }), spec: z.unknown() })),
});
const RUNS_WITHIN_S = 120;

/** When something of it happened, in Unix milliseconds by the machine's one clock. */
export interface BareTimes {
  /** The API server got the request that creates it (its audit log). */
  readonly createdAt: number;
  /** First line of code in the first container, and in the last. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** The namespace of bare Jobs; `close` removes it with all in it. */
export interface BareJobs {
  /** Runs one to its end and removes it. */
  run(spec: JobSpec): Promise<BareTimes>;
  close(): Promise<void>;
}

/** Makes the namespace, where a line stands whose sandbox namespace can be copied. */
export async function openBareJobs(kubectl: Kubectl, facts: PodFacts): Promise<BareJobs> {
  const remove = (): Promise<string> =>
    kubectl.run(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=100s'], {
      timeoutMs: 110_000,
    });
  await remove();
  const policies = Policies.parse(JSON.parse(await kubectl.run(['get', ...SHOWN])));
  await apply(kubectl, [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sandbox', namespace: NAMESPACE } },
    ...policies.items.map(({ metadata, spec }) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: metadata.name, namespace: NAMESPACE },
      spec,
    })),
  ]);
  return {
    run: (spec) => runBare(kubectl, spec, facts),
    close: async () => void (await remove()),
  };
}

/** The template needs Node for it; what fetch of ours brings there, nobody brings here. */
function bareJob(spec: JobSpec, facts: PodFacts): JobManifest {
  const pod = spec.pod === null ? null : { ...spec.pod, namespace: NAMESPACE };
  const job = kubernetesJob({ ...spec, pod }, facts);
  const template = job.spec?.template;
  if (job.spec === undefined || template?.spec === undefined) throw new Error('A Job without a pod.');
  const idle = (container: ContainerManifest): ContainerManifest => ({
    ...container,
    command: [container.image === facts.runnerImage ? '/opt/glovebox/node' : 'node', '-p', 'Date.now()'],
  });
  const { initContainers = [], containers } = template.spec;
  const idlePod = {
    ...template.spec,
    initContainers: initContainers.map(idle),
    containers: containers.map(idle),
  };
  return { ...job, spec: { ...job.spec, template: { ...template, spec: idlePod } } };
}

async function runBare(kubectl: Kubectl, spec: JobSpec, facts: PodFacts): Promise<BareTimes> {
  const { name, phases } = spec;
  const from = auditEnd();
  await kubectl.run(['create', '-f', '-'], { input: JSON.stringify(bareJob(spec, facts)) });
  const ended = ['--for=condition=complete', `--timeout=${RUNS_WITHIN_S}s`];
  await kubectl.run(['wait', `job/${name}`, '-n', NAMESPACE, ...ended], {
    timeoutMs: (RUNS_WITHIN_S + 10) * 1_000,
  });
  const printed = async (container: string): Promise<number> =>
    z.coerce.number().parse(await kubectl.run(['logs', `job/${name}`, '-n', NAMESPACE, '-c', container]));
  const times = {
    createdAt: await createdAt(from, name),
    firstAt: await printed(phases[0] ?? ''),
    lastAt: await printed(phases.at(-1) ?? ''),
  };
  await kubectl.run(['delete', 'job', name, '-n', NAMESPACE, '--cascade=foreground', '--timeout=50s']);
  return times;
}

/** When the request that created a Job arrived. */
export async function createdAt(from: number, job: string): Promise<number> {
  const limit = systemClock.now() + 5_000;
  for (;;) {
    const made = (await readCalls(from)).find(
      ({ verb, resource, name, code }) =>
        verb === 'create' && resource === 'jobs' && name === job && code === 201,
    );
    if (made) return made.atMs;
    if (systemClock.now() > limit) throw new Error(`The audit log has no creation of Job '${job}'.`);
    await systemClock.sleep(100);
  }
}

function apply(kubectl: Kubectl, items: readonly object[]): Promise<string> {
  return kubectl.run(['apply', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  });
}
