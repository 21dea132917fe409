/** All checks of a cluster in the table's order, over one connection. */
import { lookup } from 'node:dns/promises';
import type { Environment } from '../../../config/env.ts';
import { readTextFile } from '../../../config/validate.ts';
import type { Clock } from '../../../shared/clock.ts';
import { systemRandom } from '../../../shared/ids.ts';
import { once } from '../../../shared/once.ts';
import { type Check, type Finding, fails, isFinding } from '../check.ts';
import type { AdminText } from '../here/admin-file.ts';
import type { ClockSource } from '../here/clock.ts';
import type { PlaceFacts } from '../place.ts';
import { admissionCheck } from '../policy/admission.ts';
import { quotaCheck } from '../policy/quota.ts';
import { rightsCheck } from '../policy/rights.ts';
import { fenceCheck } from '../trial/fence.ts';
import { identityCheck } from '../trial/identity.ts';
import { imagesCheck } from '../trial/images.ts';
import { createTrials } from '../trial/run-trials.ts';
import { apiServerCheck, apiServerClock } from './api-server.ts';
import { type Cluster, readOwnName } from './cluster.ts';
import { controlPlaneCheck } from './control-plane.ts';
import { type BotSettings, installedOf, readBotSettings } from './installed.ts';
import type { KubeRequests } from './kube-requests.ts';
import { namespacesCheck } from './namespaces.ts';

export interface ClusterDeps {
  readonly kube: KubeRequests;
  readonly place: PlaceFacts;
  /** Of this process; what counts in a pod of ours. */
  readonly environment: Environment;
  readonly configPath: string;
  readonly clock: Clock;
}

/** The checks, and what those of this machine take from the cluster. */
export interface ClusterChecks {
  readonly checks: readonly Check[];
  readonly clocks: readonly ClockSource[];
  readonly readAdmin: () => Promise<AdminText | Finding>;
}

/** Builds them; nothing is asked before a check runs. */
export function checksOfCluster(deps: ClusterDeps): ClusterChecks {
  const { kube, clock, place } = deps;
  const settings = once(() => readSettings(deps));
  const cluster: Cluster = {
    kube,
    clock,
    namespace: place.namespace,
    inPod: place.place === 'pod',
    random: systemRandom,
    me: once(() => readOwnName(kube)),
    installed: once(async () => {
      const read = await settings();
      return isFinding(read) ? read : installedOf(read);
    }),
  };
  const resolve = async (host: string) => (await lookup(host)).address;
  const trials = createTrials(cluster, resolve);
  return {
    clocks: [apiServerClock(cluster)],
    readAdmin: async () => {
      const read = await settings();
      return isFinding(read) ? read : read.adminText;
    },
    checks: [
      apiServerCheck(cluster),
      namespacesCheck(cluster),
      controlPlaneCheck(cluster),
      rightsCheck(cluster),
      admissionCheck(cluster, resolve),
      quotaCheck(cluster),
      fenceCheck(cluster, trials),
      imagesCheck(trials),
      identityCheck(trials),
    ],
  };
}

/** In a pod of ours what it was started with; elsewhere what the cluster's bot is. */
async function readSettings(deps: ClusterDeps): Promise<BotSettings | Finding> {
  const { place, kube, environment, configPath } = deps;
  if (place.place !== 'pod') return readBotSettings(kube, place.namespace);
  const text = await readTextFile(configPath);
  return text === null
    ? fails(`'${configPath}' cannot be read`, 'see GLOVEBOX_CONFIG, and the ConfigMap glovebox-config')
    : { environment, adminText: { text, from: configPath } };
}
