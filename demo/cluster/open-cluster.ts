/** The demo in a cluster: from a command line to a running line, and everything that it made removed at its end. */
import { adminFile } from '../admin-file.ts';
import type { DemoArguments } from '../arguments.ts';
import type { Line } from '../line.ts';
import { DEMO_MODEL } from '../model/demo-model.ts';
import { upstreamOf } from '../open-upstream.ts';
import type { Subject } from '../subject.ts';
import { templateNameOf } from '../template-name.ts';
import { checkAccess, checkNamespaces } from './check-cluster.ts';
import { startClusterLine } from './cluster-line.ts';
import { imagesAt } from './images.ts';
import { findKubectl, openKubectl } from './kubectl.ts';
import { buildImages, testClusterFolder } from './test-cluster.ts';

/** The demo's second line. */
export const CLUSTER_LINE = 'Sandbox: Kubernetes, sealed Jobs, no network but the gateway.';

/** Of each sandbox: a work and a verify pod have room beside each other on a cluster of two CPUs. */
const SANDBOX_CPU = '500m';

/** Starts it. Errors: those of kubectl, the cluster, the images; `key-missing`; the signal's reason. */
export async function openCluster(
  given: DemoArguments,
  subject: Subject,
  options: { readonly say: (text: string) => void; readonly signal: AbortSignal },
): Promise<Line> {
  const upstream = upstreamOf(given);
  const kubectl = openKubectl(findKubectl(testClusterFolder));
  options.say(`Cluster: context ${kubectl.context}, Kubernetes ${await checkAccess(kubectl)}.`);
  await checkNamespaces(kubectl);
  const images = given.images === null ? await buildImages(kubectl, options) : imagesAt(given.images);
  return startClusterLine(kubectl, {
    ...options,
    images,
    adminText: adminFile({
      isolation: 'pod',
      template: templateNameOf(subject.configText),
      model: DEMO_MODEL,
      image: images.template,
      cpu: SANDBOX_CPU,
    }),
    upstream,
    keep: given.keep,
    repositories: [subject.seed],
    scenario: given.scenario,
    scenarios: {},
  });
}
