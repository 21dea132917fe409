/** What must be so before the demo touches a cluster: it answers, we may, and nothing there with our names is somebody's. */
import { z } from 'zod';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { Kubectl } from './kubectl.ts';
import type { Manifest } from './manifest.ts';
import { DEMO_LABEL, NAMESPACES } from './places.ts';

const Version = z.object({ serverVersion: z.object({ gitVersion: z.string() }) });
const Found = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
    }),
  ),
});

/** What only an administrator may make, and the demo does. */
const NEEDS = [
  'namespaces',
  'priorityclasses.scheduling.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
] as const;

/** The API server's version. Errors: `cluster-unreachable`, `cluster-permission`. */
export async function checkAccess(kubectl: Kubectl): Promise<string> {
  const answered = await kubectl.attempt(['version', '-o', 'json', '--request-timeout=10s']);
  const parsed = answered.code === 0 ? Version.safeParse(JSON.parse(answered.stdout)) : null;
  if (!parsed?.success) throw unreachable(kubectl, answered.stderr);
  const refused = await Promise.all(
    NEEDS.map(async (kind) => {
      const may = await kubectl.attempt(['auth', 'can-i', 'create', kind]);
      return may.code === 0 ? [] : [kind];
    }),
  );
  const missing = refused.flat();
  if (missing.length === 0) return parsed.data.serverVersion.gitVersion;
  throw new GloveboxError({
    code: 'cluster-permission',
    message: `You may not create ${missing.join(', ')} in context '${kubectl.context}', which the demo needs; ask an administrator of a cluster for trying things out, then run again.`,
  });
}

/** True: an earlier demo stands there. Error `namespace-taken`: something of ours by name was made by somebody else. */
export async function findEarlier(kubectl: Kubectl, manifests: readonly Manifest[]): Promise<boolean> {
  const wide = manifests.filter(({ metadata }) => metadata.namespace === undefined);
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: wide });
  const got = await kubectl.run(['get', '-f', '-', '--ignore-not-found', '-o', 'json'], { input });
  const found = got.trim() === '' ? [] : readFound(JSON.parse(got));
  const foreign = found.find(({ metadata }) => metadata.labels[DEMO_LABEL] !== 'true');
  if (!foreign) return found.length > 0;
  throw new GloveboxError({
    code: 'namespace-taken',
    message: `${foreign.kind} '${foreign.metadata.name}' in context '${kubectl.context}' was not made by this demo, and is left as it is; choose another cluster, then run again.`,
  });
}

/** The two namespaces alone, before anything is built for the cluster. Error `namespace-taken`. */
export async function checkNamespaces(kubectl: Kubectl): Promise<void> {
  const namespaces = Object.values(NAMESPACES).map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  }));
  await findEarlier(kubectl, namespaces);
}

/** One object comes as itself, several as a list. */
function readFound(got: unknown): z.infer<typeof Found>['items'] {
  const list = Found.safeParse(got);
  return list.success ? list.data.items : Found.parse({ items: [got] }).items;
}

function unreachable({ context }: Kubectl, stderr: string): GloveboxError {
  const said = stderr.trim().split('\n').at(-1) ?? 'nothing said';
  return new GloveboxError({
    code: 'cluster-unreachable',
    message: `The cluster of context '${context}' does not answer: ${said}. Start it or choose another context, then run again.`,
  });
}
