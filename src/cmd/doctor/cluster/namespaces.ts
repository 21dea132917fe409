/** The namespaces: there, held to Pod Security `restricted`, and the sandboxes' under our admission policies. */
import { z } from 'zod';
import { type Check, type Finding, fails, isFinding, ok } from '../check.ts';
import type { Cluster } from './cluster.ts';
import { readObject } from './read-object.ts';

const Namespace = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
});

const ENFORCE = 'pod-security.kubernetes.io/enforce';
const SANDBOXES = 'glovebox.dev/sandboxes';

/** One namespace as found; null labels: there is none. */
export interface NamespaceSeen {
  readonly name: string;
  readonly isSandbox: boolean;
  readonly labels: Readonly<Record<string, string>> | null;
}

/** Builds the check. */
export function namespacesCheck(cluster: Cluster): Check {
  return {
    name: 'namespaces',
    timeoutMs: 20_000,
    remedy: 'see why the API server does not answer',
    run: async () => {
      const installed = await cluster.installed();
      const sandboxes = isFinding(installed) ? [] : installed.namespaces;
      const unknown = isFinding(installed) ? [installed] : [];
      const seen = await Promise.all([
        readNamespace(cluster, cluster.namespace, false),
        ...sandboxes.map((name) => readNamespace(cluster, name, true)),
      ]);
      return [...unknown, ...judgeNamespaces(seen)];
    },
  };
}

async function readNamespace(
  { kube }: Cluster,
  name: string,
  isSandbox: boolean,
): Promise<NamespaceSeen | Finding> {
  const path = `/api/v1/namespaces/${name}`;
  const read = await readObject(kube, { path, what: `namespace ${name}`, schema: Namespace });
  if (read !== null && isFinding(read)) return read;
  return { name, isSandbox, labels: read?.metadata.labels ?? null };
}

/** Pure: all that are right make one line. */
export function judgeNamespaces(seen: readonly (NamespaceSeen | Finding)[]): readonly Finding[] {
  const judged = seen.map((one) =>
    isFinding(one) ? { name: '', wrong: [one] } : { name: one.name, wrong: wrongWith(one) },
  );
  const right = judged.filter(({ wrong }) => wrong.length === 0).map(({ name }) => name);
  const line = right.length === 0 ? [] : [ok(`${right.join(', ')}: Pod Security restricted`)];
  return [...line, ...judged.flatMap(({ wrong }) => wrong)];
}

function wrongWith({ name, labels, isSandbox }: NamespaceSeen): readonly Finding[] {
  if (labels === null) {
    return [
      fails(
        `namespace ${name} is missing`,
        'apply k8s/base/sandbox with this namespace, or change the template',
      ),
    ];
  }
  const found: Finding[] = [];
  if (labels[ENFORCE] !== 'restricted') {
    found.push(
      fails(
        `${name} does not enforce Pod Security restricted`,
        `kubectl label namespace ${name} --overwrite ${ENFORCE}=restricted`,
      ),
    );
  }
  if (isSandbox && labels[SANDBOXES] !== 'true') {
    found.push(
      fails(
        `${name} is not under our admission policies`,
        `kubectl label namespace ${name} --overwrite ${SANDBOXES}=true`,
      ),
    );
  }
  return found;
}
