/** The fence, tried from inside a real sandbox: nobody answers but the gateway, and nothing there is worth stealing. */
import { z } from 'zod';
import { type Check, type Finding, fails, isFinding, ok, warns } from '../check.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { readObject } from '../cluster/read-object.ts';
import type { Canary } from './surroundings.ts';
import { endOf, type Trial, type Trials } from './trial.ts';

const Policies = z.object({
  items: z.array(
    z.object({
      spec: z.object({
        podSelector: z.record(z.string(), z.unknown()).default({}),
        policyTypes: z.array(z.string()).default([]),
      }),
    }),
  ),
});

/** Images may have to be pulled. */
const TIMEOUT_MS = 600_000;

/** Builds the check. */
export function fenceCheck(cluster: Cluster, trials: Trials): Check {
  return {
    name: 'fence',
    timeoutMs: TIMEOUT_MS,
    remedy: 'see why the test pod does not end: kubectl get pods -A -l glovebox.dev/task=doctor',
    run: async (signal) => {
      const { trials: made, refused } = await trials(signal);
      const judged: Finding[] = [];
      for (const trial of made) {
        judged.push(...judgeFence(trial, await isCovered(cluster, trial.template.pod.namespace)));
      }
      const leftOvers = made.flatMap(({ leftOver }) => (leftOver === null ? [] : [leftOver]));
      return distinct([...judged, ...refused, ...(made[0]?.around.untried ?? []), ...leftOvers]);
    },
  };
}

/** True where a NetworkPolicy closes every pod's ways out; null where we may not look. */
async function isCovered({ kube }: Cluster, namespace: string): Promise<boolean | null> {
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
  const read = await readObject(kube, { path, what: 'the policies', schema: Policies });
  if (read === null || isFinding(read)) return null;
  return read.items.some(
    ({ spec }) => Object.keys(spec.podSelector).length === 0 && spec.policyTypes.includes('Egress'),
  );
}

/** Pure. `covered`: a NetworkPolicy is there; null: unknown. */
export function judgeFence(trial: Trial, covered: boolean | null): readonly Finding[] {
  const { namespace } = trial.template.pod;
  if (trial.trouble !== null) {
    return [
      fails(`test pod in ${namespace} did not run: ${trial.trouble.message}`, REMEDIES[trial.trouble.kind]),
    ];
  }
  const fetch = endOf(trial, 'fetch');
  if (!fetch?.answer) {
    const how = fetch ? `exit ${fetch.exitCode}, ${fetch.reason} ${fetch.message}` : 'it never ran';
    return [
      fails(
        `test pod in ${namespace} gave no answer: ${how.trim()}`,
        'see that the runner image is of this version',
      ),
    ];
  }
  const { reached, doubtful, gateway, credentials } = fetch.answer;
  const found = [
    ...(typeof gateway === 'number' ? [] : [noGateway(trial, gateway)]),
    ...(reached.length === 0
      ? []
      : [fails(`test pod reached ${named(trial, reached)}`, fenceFix(namespace, covered))]),
    ...doubtful.map((address) => judgeNode(trial, address, covered)),
    ...(credentials.length === 0
      ? []
      : [
          fails(
            `test pod holds what looks like a credential: ${credentials.join(', ')}`,
            'see what injects it into pods',
          ),
        ]),
  ];
  if (found.some(({ state }) => state === 'fails')) return found;
  const tried = trial.around.canaries.length + trial.around.nameServers.length;
  return [ok(`${namespace}: of ${tried} addresses nobody answers but the gateway`), ...found];
}

function noGateway({ around, template }: Trial, why: string | null): Finding {
  const { address, port } = around.gateway;
  return fails(
    `test pod does not reach the gateway at ${address}:${port}: ${why ?? 'it did not try'}`,
    `see that gateway pods are ready, and NetworkPolicy gateway-only in ${template.pod.namespace}`,
  );
}

/** The kubelet of the pod's own node is outside of what NetworkPolicy covers on many networks; any other is not. */
function judgeNode({ node, around, template }: Trial, address: string, covered: boolean | null): Finding {
  const { what } = around.nodes.find((one) => one.address === address) ?? { what: 'a node' };
  if (node !== null && address.startsWith(`${node}:`)) {
    return warns(
      `test pod reached its own node, ${address} (${what})`,
      'firewall the nodes against their pods; the kubelet must refuse whoever is not authenticated',
    );
  }
  return fails(`test pod reached ${address} (${what})`, fenceFix(template.pod.namespace, covered));
}

function fenceFix(namespace: string, covered: boolean | null): string {
  return covered === false
    ? `apply the NetworkPolicies of k8s/base/sandbox/network.yaml to ${namespace}`
    : 'use a network plugin that enforces NetworkPolicy';
}

function named({ around }: Trial, addresses: readonly string[]): string {
  const known: readonly Canary[] = around.canaries;
  return addresses
    .map((address) => {
      const what = known.find((one) => one.address === address)?.what;
      return `${address} (${what ?? 'name server'})`;
    })
    .join(', ');
}

const REMEDIES: Readonly<Record<NonNullable<Trial['trouble']>['kind'], string>> = {
  unschedulable: 'add nodes, or change the node selector and the limits of the template',
  'quota-full': 'raise ResourceQuota sandbox, see the line of the quota',
  'image-not-pulled': 'see the line of the images',
  'admission-refused': 'see the line of the admission',
  evicted: 'see why the node is short of memory or disk',
  'node-lost': 'see why the node went away, and run again',
  'pod-deleted': 'see who deleted it, and run again',
  'start-failed': 'see the events: kubectl get events -A --field-selector involvedObject.kind=Pod',
};

function distinct(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter((one, at) => findings.findIndex(({ text }) => text === one.text) === at);
}
