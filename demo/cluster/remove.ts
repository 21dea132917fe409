/** Removes everything that a demo made in a cluster, by its label, and nothing else. */
import type { Kubectl } from './kubectl.ts';
import { DEMO_LABEL, NAMESPACES } from './places.ts';

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
/** Nothing of a demo has to end well: a sandbox in the middle of its work would take its half minute. */
const GRACE_S = 2;

/**
 * Resolves once it is gone. What runs is ended first: a namespace that still has pods when it goes is looked at again only
 * after a quarter of a minute. Error `kubectl-failed`.
 */
export async function removeDemo(kubectl: Kubectl): Promise<void> {
  const remove = (...args: readonly string[]): Promise<string> =>
    kubectl.run(['delete', ...args, '--ignore-not-found', `--timeout=${LIMIT_S}s`], {
      timeoutMs: (LIMIT_S + 10) * 1_000,
    });
  const own = await kubectl.run(['get', 'namespaces', '-l', SELECTOR, '-o', 'name']);
  for (const [namespace, kinds] of RUNNING) {
    if (own.includes(`namespace/${namespace}\n`))
      await remove(kinds, '--all', '-n', namespace, '--cascade=foreground', `--grace-period=${GRACE_S}`);
  }
  await remove('namespaces', '-l', SELECTOR);
  await remove(CLUSTER_WIDE, '-l', SELECTOR);
}

/** The bot before its Jobs, or it makes more of them. */
const RUNNING = [
  [NAMESPACES.control, 'deployments,statefulsets,pods'],
  [NAMESPACES.sandbox, 'jobs,pods'],
] as const;

/** What a person types for the same. */
export const REMOVE_COMMAND = `kubectl delete namespaces,${CLUSTER_WIDE} -l ${SELECTOR}`;
