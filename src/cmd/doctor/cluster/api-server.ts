/** The API server: answering, and recent enough for our admission policies. */
import { z } from 'zod';
import type { GloveboxError } from '../../../shared/errors.ts';
import { type Check, type Finding, fails, isFinding, ok } from '../check.ts';
import { type ClockSource, differenceOf } from '../here/clock.ts';
import type { Cluster } from './cluster.ts';
import { readObject } from './read-object.ts';

/** The first release with ValidatingAdmissionPolicy as a stable API. */
const OLDEST_MINOR = 30;
const Version = z.object({ major: z.string(), minor: z.string(), gitVersion: z.string() });

const NAME = 'API server';

/** Builds the check. */
export function apiServerCheck({ kube }: Pick<Cluster, 'kube'>): Check {
  return {
    name: NAME,
    timeoutMs: 20_000,
    remedy: "check the kubeconfig's current context, and the network to the API server",
    run: async () => {
      const version = await readObject(kube, { path: '/version', what: 'its version', schema: Version });
      if (version === null)
        return [fails(`${kube.server} has no /version`, 'see whether this is Kubernetes')];
      return [isFinding(version) ? version : judgeVersion(version)];
    },
  };
}

/** Stands for every check of a cluster where none can be spoken to; `why` is the client's own error. */
export function noClusterCheck(why: GloveboxError): Check {
  return {
    name: NAME,
    timeoutMs: 1_000,
    remedy:
      'set KUBECONFIG to a file that names your cluster, then run again: nothing of the cluster was looked at',
    run: () => Promise.reject(why),
  };
}

/** Pure. Providers add signs to the numbers (`30+`). */
export function judgeVersion({ major, minor, gitVersion }: z.infer<typeof Version>): Finding {
  const isOld = Number.parseInt(major, 10) === 1 && !(Number.parseInt(minor, 10) >= OLDEST_MINOR);
  return isOld
    ? fails(`Kubernetes ${gitVersion} is too old`, `use 1.${OLDEST_MINOR} or newer: admission needs it`)
    : ok(`Kubernetes ${gitVersion}`);
}

/** Its clock, by which tokens live and end. */
export function apiServerClock({ kube, clock }: Pick<Cluster, 'kube' | 'clock'>): ClockSource {
  return {
    name: 'API server',
    read: async () => {
      const atMs = clock.now();
      const { date } = await kube.ask({ path: '/version' });
      return differenceOf(date, { atMs, clock });
    },
  };
}
