/** The containers of a job's pod: one a phase, each the runner as first process, sealed alike. */
import type { RunnerLayout } from '../../result/contract/layout.ts';
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { ContainerManifest } from '../kube-objects.ts';
import type { JobSpec } from '../sandbox.ts';
import { INSTALLED, mountsOf } from './pod-layout.ts';

/** What a container needs to know beyond its job. */
export interface ContainerFacts {
  readonly runnerImage: string;
  readonly layout: (phase: Phase) => RunnerLayout;
  readonly cpuMillis: number;
  /** What the whole pod may hold on disk; the kubelet counts volumes against the sum of the containers' limits. */
  readonly diskBytes: number;
}

/** The uid of repository code, and of deliver: another one, so that a check cannot write what deliver owns. */
export const CODE_USER = 1_000;
const DELIVER_USER = 1_001;
export const GROUP = 1_000;

const MIB = 2 ** 20;
/** deliver reads files and sends them; its start alone, which verify waits for, took 2.5 s with 100m, 0.8 s with this. */
const DELIVER_RESOURCES = { cpu: '300m', memory: String(256 * MIB), 'ephemeral-storage': String(64 * MIB) };

/**
 * A pod's own limit is that of its largest init container or the sum of the others. Were it the work container's, Node's
 * pages on the volume, which count for the pod, would be read again and again at the limit and nothing would be killed
 * (seen: no progress until the deadline). With this much more in fetch the container's limit is met first, at once.
 */
const POD_HEADROOM_BYTES = 256 * MIB;

/** `enableServiceLinks: false` leaves those of the API server itself (tried): they are overwritten. */
const NO_CLUSTER = [
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
  'KUBERNETES_SERVICE_PORT_HTTPS',
  'KUBERNETES_PORT',
  'KUBERNETES_PORT_443_TCP',
  'KUBERNETES_PORT_443_TCP_ADDR',
  'KUBERNETES_PORT_443_TCP_PORT',
  'KUBERNETES_PORT_443_TCP_PROTO',
].map((name) => ({ name, value: '' }));

/** Phases that run our image, never the repository's. */
const OURS: ReadonlySet<Phase> = new Set(['fetch', 'deliver']);

/** The container of one phase. */
export function podContainer(
  spec: JobSpec,
  image: string,
  facts: ContainerFacts,
  phase: Phase,
): ContainerManifest {
  const resources = resourcesOf(spec, facts, phase);
  return {
    name: phase,
    image: OURS.has(phase) ? facts.runnerImage : image,
    imagePullPolicy: 'IfNotPresent',
    command: [
      `${INSTALLED}/node`,
      `${INSTALLED}/runner.mjs`,
      phase,
      literal(JSON.stringify(facts.layout(phase))),
    ],
    env: NO_CLUSTER,
    resources,
    securityContext: {
      runAsUser: phase === 'deliver' ? DELIVER_USER : CODE_USER,
      runAsGroup: GROUP,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: mountsOf(phase).map(({ volume, path, access }) => ({
      name: volume,
      mountPath: path,
      ...(access === 'ro' ? { readOnly: true } : {}),
    })),
  };
}

/** Kubernetes expands `$(NAME)` in commands and makes one `$` of two: every one is doubled, so that the text arrives. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function resourcesOf(
  { limits }: JobSpec,
  facts: ContainerFacts,
  phase: Phase,
): NonNullable<ContainerManifest['resources']> {
  if (phase === 'deliver') return { limits: DELIVER_RESOURCES, requests: DELIVER_RESOURCES };
  const memory = limits.memoryBytes + (phase === 'fetch' ? POD_HEADROOM_BYTES : 0);
  const shared = { cpu: `${facts.cpuMillis}m`, memory: String(memory) };
  return {
    limits: { ...shared, 'ephemeral-storage': String(facts.diskBytes) },
    // a node is not asked to keep room for every volume at its limit at once
    requests: { ...shared, 'ephemeral-storage': String(limits.diskBytes) },
  };
}
