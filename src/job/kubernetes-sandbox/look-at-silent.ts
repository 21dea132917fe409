/**
 * Asks for the events of pods that stay silent: taken by a node, and no container begun. The only events of pods that are
 * ever read: a pod that begins within seconds, as an ordinary one does, costs no call.
 */
import type { FollowDeps } from './follow.ts';
import type { KnownJobs, SilentPod } from './known-jobs.ts';
import { startComplaint } from './start-complaint.ts';

/** Between two looks at what is known, which cost nothing. */
const LOOK_MS = 5_000;
/** A pod is asked about once it was silent for so long, counted here: clocks of the cluster do not matter. */
const SILENT_MS = 15_000;
const AGAIN_MS = 60_000;
/** Pods that are asked about in one look: where a whole cluster hangs, the rest waits for the next. */
const MAX_ASKED = 10;

/** Runs until the signal aborts; never throws. */
export async function lookAtSilent(
  deps: FollowDeps,
  { namespace, jobs }: { readonly namespace: string; readonly jobs: KnownJobs },
  signal: AbortSignal,
): Promise<void> {
  /** When each is asked about next, by the pod's uid. */
  let due = new Map<string, number>();
  while (!signal.aborted) {
    const now = deps.clock.now();
    const silent = jobs.silentPods();
    due = new Map(silent.map(({ uid }) => [uid, due.get(uid) ?? now + SILENT_MS]));
    const asked = silent.filter(({ uid }) => (due.get(uid) ?? now) <= now).slice(0, MAX_ASKED);
    for (const pod of asked) {
      due.set(pod.uid, now + AGAIN_MS);
      await ask(deps, { namespace, jobs }, pod);
    }
    await deps.clock.sleep(LOOK_MS, signal).catch(() => {});
  }
}

async function ask(
  deps: FollowDeps,
  { namespace, jobs }: { readonly namespace: string; readonly jobs: KnownJobs },
  pod: SilentPod,
): Promise<void> {
  try {
    jobs.noteComplaint(pod, startComplaint(await deps.cluster.podEvents({ namespace, uid: pod.uid })));
  } catch (error) {
    deps.log.warn(
      { err: error, namespace, ...pod },
      'events of a pod cannot be read; they are asked for later',
    );
  }
}
