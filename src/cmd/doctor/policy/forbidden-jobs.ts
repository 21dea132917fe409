/** Jobs that the admission policies must refuse: our own, with one thing changed that would open the sandbox. Pure. */
import type { ContainerManifest, JobManifest, PodManifest } from '../../../job/kube-objects.ts';

/** One change; `what` completes "a Job that ...". */
export interface ForbiddenJob {
  readonly what: string;
  readonly of: (job: JobManifest) => JobManifest;
}

/** All of them. */
export const FORBIDDEN_JOBS: readonly ForbiddenJob[] = [
  inPod("shares its node's network", (pod) => ({ ...pod, hostNetwork: true })),
  inPod('mounts a folder of its node', (pod) => ({
    ...pod,
    volumes: (pod.volumes ?? []).map((volume) =>
      volume.name === 'source' ? { name: 'source', hostPath: { path: '/' } } : volume,
    ),
  })),
  inPod('mounts a token of the API server', (pod) => ({ ...pod, automountServiceAccountToken: true })),
  inPod('runs as another account', (pod) => ({ ...pod, serviceAccountName: 'default' })),
  inPod('asks for a token of another Job', (pod) => ({
    ...pod,
    volumes: (pod.volumes ?? []).map((volume) =>
      volume.name === 'token-work' ? tokenFor('glovebox-work.gb-another') : volume,
    ),
  })),
  inPod('has name servers', (pod) => ({ ...pod, dnsPolicy: 'ClusterFirst', dnsConfig: {} })),
  inPod('runs as root', (pod) => ({ ...pod, securityContext: { ...pod.securityContext, runAsUser: 0 } })),
  inWork('runs another image', (container) => ({ ...container, image: 'registry.example.com/other:1' })),
  inWork('runs a command of its own', (container) => ({
    ...container,
    command: ['/bin/sh', '-c', 'id', ''],
  })),
  inWork('gains privileges', (container) => ({
    ...container,
    securityContext: { ...container.securityContext, allowPrivilegeEscalation: true },
  })),
  inWork('writes what it may only read', (container) => ({
    ...container,
    volumeMounts: (container.volumeMounts ?? []).map(({ name, mountPath }) => ({ name, mountPath })),
  })),
  inWork("reads another phase's token", (container) => ({
    ...container,
    volumeMounts: (container.volumeMounts ?? []).map((mount) =>
      mount.name === 'token-work' ? { ...mount, name: 'token-fetch' } : mount,
    ),
  })),
  {
    what: 'runs several pods',
    of: (job) => ({
      ...job,
      spec: { ...job.spec, parallelism: 2, completions: 2, template: templateOf(job) },
    }),
  },
];

type Template = NonNullable<JobManifest['spec']>['template'];

function templateOf(job: JobManifest): Template {
  return job.spec?.template ?? {};
}

function inPod(what: string, change: (pod: PodManifest) => PodManifest): ForbiddenJob {
  return {
    what,
    of: (job) => {
      const template = templateOf(job);
      const spec = change(template.spec ?? { containers: [] });
      return { ...job, spec: { ...job.spec, template: { ...template, spec } } };
    },
  };
}

function inWork(what: string, change: (container: ContainerManifest) => ContainerManifest): ForbiddenJob {
  return inPod(what, (pod) => ({ ...pod, containers: pod.containers.map(change) }));
}

function tokenFor(audience: string) {
  const serviceAccountToken = { audience, expirationSeconds: 600, path: 'token' };
  return { name: 'token-work', projected: { sources: [{ serviceAccountToken }] } };
}
