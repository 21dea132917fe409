/** Bot and gateway: all replicas that were asked for are ready, which includes their store and their configuration. */
import { z } from 'zod';
import { apart, type Check, type Finding, fails, isFinding, ok, warns } from '../check.ts';
import type { Cluster } from './cluster.ts';
import { readObject } from './read-object.ts';

const Deployment = z.object({
  spec: z.object({ replicas: z.int().default(1) }),
  status: z.object({ readyReplicas: z.int().default(0) }).prefault({}),
});

/** How many there are of one. */
export interface Replicas {
  readonly name: 'bot' | 'gateway';
  readonly ready: number;
  readonly wanted: number;
}

/** Builds the check. */
export function controlPlaneCheck({ kube, namespace }: Pick<Cluster, 'kube' | 'namespace'>): Check {
  return {
    name: 'control plane',
    timeoutMs: 20_000,
    remedy: 'see why the API server does not answer',
    run: async () => {
      const names = ['bot', 'gateway'] as const;
      const found = await Promise.all(names.map((name) => readReplicas({ kube, namespace }, name)));
      const { wanted, findings } = apart(found);
      return findings.length > 0 ? findings : judgeReplicas(namespace, wanted);
    },
  };
}

async function readReplicas(
  { kube, namespace }: Pick<Cluster, 'kube' | 'namespace'>,
  name: Replicas['name'],
): Promise<Replicas | Finding> {
  const what = `Deployment ${name} in ${namespace}`;
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
  const deployment = await readObject(kube, { path, what, schema: Deployment });
  if (deployment === null) return fails(`${what} is missing`, 'kubectl apply -k your overlay of k8s/base');
  if (isFinding(deployment)) return deployment;
  return { name, ready: deployment.status.readyReplicas, wanted: deployment.spec.replicas };
}

/** Pure: one line where all is well, else one for each that is not. */
export function judgeReplicas(namespace: string, all: readonly Replicas[]): readonly Finding[] {
  const short = all.filter(({ ready, wanted }) => ready < wanted || wanted === 0);
  if (short.length === 0) {
    return [ok(`${all.map(({ name, ready, wanted }) => `${name} ${ready} of ${wanted}`).join(', ')} ready`)];
  }
  return short.map(({ name, ready, wanted }) => {
    const text = `${name}: ${ready} of ${wanted} ready`;
    if (wanted === 0) return fails(text, `kubectl scale -n ${namespace} deploy/${name} --replicas=2`);
    return (ready === 0 ? fails : warns)(
      text,
      `kubectl logs -n ${namespace} deploy/${name}; kubectl describe pod -n ${namespace} -l app.kubernetes.io/component=${name}`,
    );
  });
}
