/** Removes everything that a demo made in a cluster, by its label, and nothing else. */
import type { Kubectl } from './kubectl.ts';
import { DEMO_LABEL } from './places.ts';

const SELECTOR = `${DEMO_LABEL}=true`;
/** What is made outside of namespaces; namespaces take the rest with them. */
const CLUSTER_WIDE = [
  'validatingadmissionpolicybindings',
  'validatingadmissionpolicies',
  'clusterrolebindings',
  'clusterroles',
  'priorityclasses',
].join(',');
const LIMIT_S = 150;

/** Resolves once it is gone. Error `kubectl-failed`. */
export async function removeDemo(kubectl: Kubectl): Promise<void> {
  for (const kinds of ['namespaces', CLUSTER_WIDE]) {
    const args = ['delete', kinds, '-l', SELECTOR, '--ignore-not-found', `--timeout=${LIMIT_S}s`];
    await kubectl.run(args, { timeoutMs: (LIMIT_S + 10) * 1_000 });
  }
}

/** What a person types for the same. */
export const REMOVE_COMMAND = `kubectl delete namespaces,${CLUSTER_WIDE} -l ${SELECTOR}`;
