/** Removes trial Jobs: the one of this run, and what a run that was killed left behind. */
import { z } from 'zod';
import { STORE_LABEL } from '../../../job/kubernetes-sandbox/kubernetes-job.ts';
import { type Finding, warns } from '../check.ts';
import { asBot, type Cluster } from '../cluster/cluster.ts';
import { DOCTOR_STORE, TRIAL_MS } from './trial-job.ts';

/** A Job, and as whom it is handled. */
export interface JobPlace {
  readonly namespace: string;
  readonly name: string;
  readonly as: string | null;
}

const GONE_MS = 45_000;
const AGAIN_MS = 500;
const Jobs = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), creationTimestamp: z.coerce.date() }) })),
});

/** Resolves with null once the Job is gone with its pod, else with what to do by hand. Never throws. */
export async function removeJob(cluster: Cluster, place: JobPlace): Promise<Finding | null> {
  const { kube, clock } = cluster;
  const path = pathOf(place);
  const until = clock.now() + GONE_MS;
  try {
    await deleteJob(cluster, place);
    while (clock.now() < until) {
      if ((await kube.ask({ path, as: place.as })).status === 404) return null;
      await clock.sleep(AGAIN_MS);
    }
  } catch {
    // said below: whatever the reason, it may still be there
  }
  return warns(
    `the test Job ${place.name} may be left in ${place.namespace}`,
    `kubectl delete job -n ${place.namespace} ${place.name}`,
  );
}

/** Jobs of runs that have long ended. */
export async function removeLeftOvers(cluster: Cluster, namespaces: readonly string[]): Promise<void> {
  const { kube, clock } = cluster;
  const as = await asBot(cluster);
  const query = `labelSelector=${encodeURIComponent(`${STORE_LABEL}=${DOCTOR_STORE}`)}`;
  for (const namespace of namespaces) {
    const answer = await kube.ask({ path: `/apis/batch/v1/namespaces/${namespace}/jobs?${query}`, as });
    const jobs = Jobs.safeParse(answer.body);
    for (const { metadata } of jobs.success ? jobs.data.items : []) {
      const isOld = metadata.creationTimestamp.getTime() < clock.now() - TRIAL_MS - GONE_MS;
      if (isOld) await deleteJob(cluster, { namespace, name: metadata.name, as });
    }
  }
}

/** In the foreground: the Job stays until its pod is gone. */
async function deleteJob({ kube }: Cluster, place: JobPlace): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Foreground' };
  await kube.ask({ method: 'DELETE', path: pathOf(place), as: place.as, body });
}

function pathOf({ namespace, name }: JobPlace): string {
  return `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`;
}
