/**
 * A job's spec to its batch/v1 Job: pure, so that `glovebox job show` prints what was created. What the admission policy
 * of the sandbox namespaces admits is this shape and no other.
 */
import type { PodShape } from '../../config/attempt-config.ts';
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { SelfTestRequest } from '../../result/contract/self-test.ts';
import { GloveboxError } from '../../shared/errors.ts';
import { WAIT_PATIENCE_MS } from '../../task/wait-patience.ts';
import type { JobManifest, PodManifest } from '../kube-objects.ts';
import type { JobSpec } from '../sandbox.ts';
import { CODE_USER, type ContainerFacts, GROUP, podContainer } from './pod-containers.ts';
import { GATEWAY_ALIAS, podLayout } from './pod-layout.ts';
import { podDiskBytes, podVolumes } from './pod-volumes.ts';

/** What the cluster and the operator's environment add to a spec. */
export interface PodFacts {
  /** The store's name (`readStoreId`): two installations in one namespace leave each other's jobs alone. */
  readonly store: string;
  readonly runnerImage: string;
  /** Address and port of the gateway's Service, as looked up just now. */
  readonly gateway: { readonly address: string; readonly port: number };
  /** `host:port` that must not answer from inside. */
  readonly canaries: readonly string[];
  /** Addresses of name servers that must not answer. */
  readonly nameServers: readonly string[];
  /** True where the nodes have AppArmor; a node without it refuses a pod that asks. */
  readonly appArmor: boolean;
  /** The job tries its sandbox and does no work; for `glovebox doctor`. */
  readonly selfTest?: SelfTestRequest;
}

/** Lists and watches ask for what carries it. */
export const STORE_LABEL = 'glovebox.dev/store';

/**
 * Limits of a spec that nobody puts in force in a pod: none. Kubernetes bounds memory, time and logs; disk, files and
 * processes the runner watches itself (`src/runner/limits/`).
 */
export const NOT_LIMITED: readonly string[] = [];

const PRIORITY_CLASS = 'glovebox-sandbox';
const SERVICE_ACCOUNT = 'sandbox';
const GRACE_SECONDS = 30;
const DAY_SECONDS = 86_400;
/** The pod's own deadline leaves better evidence; the Job's, which runs from its creation, comes after it as a net. */
const NET_SECONDS = GRACE_SECONDS + WAIT_PATIENCE_MS / 1_000;

/** The Job. Error `sandbox-refused` for a spec without a pod's shape or image. */
export function kubernetesJob(spec: JobSpec, facts: PodFacts): JobManifest {
  const { pod, image } = readPodSpec(spec);
  const labels = labelsOf(spec, facts);
  const deadlineSeconds = Math.ceil(spec.deadlineMs / 1_000);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: spec.name,
      namespace: pod.namespace,
      labels: { ...labels, ...(pod.queue === null ? {} : { 'kueue.x-k8s.io/queue-name': pod.queue }) },
    },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      activeDeadlineSeconds: deadlineSeconds + NET_SECONDS,
      ttlSecondsAfterFinished: DAY_SECONDS,
      ...(pod.queue === null ? {} : { suspend: true }),
      template: {
        metadata: { labels },
        spec: { ...podSpec(spec, { pod, image }, facts), activeDeadlineSeconds: deadlineSeconds },
      },
    },
  };
}

/** The parts of a spec that only a pod has. Error `sandbox-refused`. */
export function readPodSpec(spec: JobSpec): { readonly pod: PodShape; readonly image: string } {
  if (spec.isolation === 'pod' && spec.pod !== null && spec.image !== null) {
    return { pod: spec.pod, image: spec.image };
  }
  throw new GloveboxError({
    code: 'sandbox-refused',
    message: `Job '${spec.name}' cannot run on Kubernetes: its template has isolation '${spec.isolation}' and image '${spec.image}', expected 'pod' and an image. Change the template in the admin's file.`,
    audience: 'admin',
  });
}

function podSpec(
  spec: JobSpec,
  { pod, image }: { pod: PodShape; image: string },
  facts: PodFacts,
): PodManifest {
  const container = containerMaker(spec, { pod, image }, facts);
  const main = lastPhases(spec);
  const init = spec.phases.filter((phase) => !main.includes(phase));
  return {
    serviceAccountName: SERVICE_ACCOUNT,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: GRACE_SECONDS,
    priorityClassName: PRIORITY_CLASS,
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['127.0.0.1'] },
    hostAliases: [{ ip: facts.gateway.address, hostnames: [GATEWAY_ALIAS] }],
    securityContext: podSecurity(facts),
    ...(pod.runtimeClass === null ? {} : { runtimeClassName: pod.runtimeClass }),
    ...(Object.keys(pod.nodeSelector).length === 0 ? {} : { nodeSelector: { ...pod.nodeSelector } }),
    ...(pod.tolerations.length === 0 ? {} : { tolerations: pod.tolerations.map(withoutUndefined) }),
    initContainers: init.map(container),
    containers: main.map(container),
    volumes: podVolumes(spec),
  };
}

/** What ends the pod: verify and deliver side by side, else the last phase. All before it are init containers. */
function lastPhases({ phases }: JobSpec): readonly Phase[] {
  const pair = phases.filter((phase) => phase === 'verify' || phase === 'deliver');
  return pair.length > 0 ? pair : phases.slice(-1);
}

function containerMaker(spec: JobSpec, { pod, image }: { pod: PodShape; image: string }, facts: PodFacts) {
  const containerFacts: ContainerFacts = {
    runnerImage: facts.runnerImage,
    cpuMillis: pod.cpuMillis,
    diskBytes: podDiskBytes(spec),
    layout: (phase) =>
      podLayout(phase, {
        gatewayPort: facts.gateway.port,
        canaries: facts.canaries,
        nameServers: facts.nameServers,
        toolEnv: spec.toolEnv,
        notLimited: NOT_LIMITED,
        ...(facts.selfTest === undefined ? {} : { selfTest: facts.selfTest }),
      }),
  };
  return (phase: Phase) => podContainer(spec, image, containerFacts, phase);
}

function podSecurity({ appArmor }: PodFacts): NonNullable<PodManifest['securityContext']> {
  return {
    runAsUser: CODE_USER,
    runAsGroup: GROUP,
    runAsNonRoot: true,
    fsGroup: GROUP,
    seccompProfile: { type: 'RuntimeDefault' },
    ...(appArmor ? { appArmorProfile: { type: 'RuntimeDefault' } } : {}),
  };
}

function labelsOf(spec: JobSpec, { store }: PodFacts): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'glovebox',
    'app.kubernetes.io/component': 'sandbox',
    'app.kubernetes.io/managed-by': 'glovebox',
    [STORE_LABEL]: store,
    'glovebox.dev/task': spec.taskId,
    'glovebox.dev/kind': spec.kind,
    'glovebox.dev/attempt': String(spec.attempt),
    'glovebox.dev/round': String(spec.round),
  };
}

function withoutUndefined({ key, operator, value, effect }: PodShape['tolerations'][number]) {
  return {
    ...(key === undefined ? {} : { key }),
    ...(operator === undefined ? {} : { operator }),
    ...(value === undefined ? {} : { value }),
    ...(effect === undefined ? {} : { effect }),
  };
}
