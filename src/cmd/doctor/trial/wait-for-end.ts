/** Follows a trial Job's pod to its end, or to the trouble that keeps it from running, by the API server's own words. */
import { z } from 'zod';
import { EventSeen, JOB_NAME_LABEL, PodSeen } from '../../../job/kube-objects.ts';
import { creationTrouble, podTrouble } from '../../../job/kubernetes-sandbox/pod-trouble.ts';
import type { Trouble } from '../../../job/sandbox.ts';
import { SelfTestAnswer } from '../../../result/contract/self-test.ts';
import type { Clock } from '../../../shared/clock.ts';
import { GloveboxError } from '../../../shared/errors.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { messageOf } from '../cluster/read-object.ts';
import type { ContainerEnd, Trial } from './trial.ts';
import { TRIAL_MS } from './trial-job.ts';
import type { JobPlace } from './trial-jobs.ts';

/** What was seen of it. */
export type TrialEnd = Pick<Trial, 'trouble' | 'containers' | 'node'>;

const AGAIN_MS = 500;
/** Trouble that passes by itself: image pulls flap, and a node may be on its way. */
const LASTING_MS: Readonly<Partial<Record<Trouble['kind'], number>>> = {
  'image-not-pulled': 5_000,
  unschedulable: 60_000,
};

const Pods = z.object({ items: z.array(PodSeen) });
const Hosts = z.object({
  items: z.array(z.object({ status: z.object({ hostIP: z.string().optional() }).prefault({}) })),
});
const Events = z.object({ items: z.array(EventSeen) });

/** Resolves within `TRIAL_MS`. Errors: the signal's reason, `kubernetes-*`. */
export async function waitForEnd(cluster: Cluster, place: JobPlace, signal: AbortSignal): Promise<TrialEnd> {
  const { clock } = cluster;
  const until = clock.now() + TRIAL_MS;
  const isLasting = lastingTrouble(clock);
  for (;;) {
    const { pod, trouble, node } = await look(cluster, place);
    const containers = pod ? endsOf(pod) : [];
    if (pod && ENDED.has(pod.status.phase)) return { trouble: null, containers, node };
    if (isLasting(trouble) || clock.now() >= until)
      return { trouble: trouble ?? notEnded(), containers, node };
    await clock.sleep(AGAIN_MS, signal);
  }
}

const ENDED: ReadonlySet<string> = new Set(['Succeeded', 'Failed']);

/** True once the same kind of trouble was seen for as long as that kind is given. */
function lastingTrouble({ now }: Pick<Clock, 'now'>): (trouble: Trouble | null) => boolean {
  let kind: Trouble['kind'] | null = null;
  let since = 0;
  return (trouble) => {
    if (trouble === null || trouble.kind !== kind) since = now();
    kind = trouble?.kind ?? null;
    return kind !== null && now() - since >= (LASTING_MS[kind] ?? 0);
  };
}

interface Look {
  readonly pod: PodSeen | null;
  readonly trouble: Trouble | null;
  readonly node: string | null;
}

async function look(cluster: Cluster, place: JobPlace): Promise<Look> {
  const query = `labelSelector=${encodeURIComponent(`${JOB_NAME_LABEL}=${place.name}`)}`;
  const body = await listed(cluster, place, `pods?${query}`);
  const [pod] = Pods.parse(body).items;
  if (pod) {
    return { pod, trouble: podTrouble(pod), node: Hosts.parse(body).items[0]?.status.hostIP ?? null };
  }
  const fields = `fieldSelector=${encodeURIComponent(`involvedObject.name=${place.name},reason=FailedCreate`)}`;
  const { items } = Events.parse(await listed(cluster, place, `events?${fields}`));
  const troubles = items.map(creationTrouble).filter((trouble) => trouble !== null);
  return { pod: null, trouble: troubles[0] ?? null, node: null };
}

async function listed({ kube }: Cluster, { namespace, as }: JobPlace, what: string): Promise<unknown> {
  const answer = await kube.ask({ path: `/api/v1/namespaces/${namespace}/${what}`, as });
  if (answer.status === 200) return answer.body;
  throw new GloveboxError({
    code: 'kubernetes-refused',
    message: `The test pod in '${namespace}' cannot be watched: ${answer.status} ${messageOf(answer)}`,
  });
}

/** What ended of it; a container that never started has ended too, with the kubelet's reason. */
function endsOf({ status }: PodSeen): readonly ContainerEnd[] {
  return [...status.initContainerStatuses, ...status.containerStatuses].flatMap(({ name, state }) =>
    state.terminated ? [{ name, ...state.terminated, answer: answerOf(state.terminated.message) }] : [],
  );
}

function answerOf(message: string): SelfTestAnswer | null {
  try {
    return SelfTestAnswer.parse(JSON.parse(message));
  } catch {
    return null;
  }
}

function notEnded(): Trouble {
  return { kind: 'start-failed', message: `it did not end within ${TRIAL_MS / 1_000} s` };
}
