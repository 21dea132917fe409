/**
 * Follows one kind of objects in one namespace: a list, then a watch from there. Watches end and get lost, so the watch
 * is begun again where it stopped, and every few minutes a new list is the truth.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { Change, Followed, Kind, KubeCluster, Scope } from '../kube-cluster.ts';

/** Times in milliseconds. `random`: 0 to 1, so that replicas do not ask in step. */
export interface FollowDeps {
  readonly cluster: KubeCluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** What is told: everything there is, or one change. `began` is what `listing` answered when the list was asked for. */
export interface Follower<K extends Kind> {
  /** Called before a list is asked for: what is learned after this moment is newer than the list. */
  listing(): number;
  listed(items: readonly Followed[K][], began: number): void;
  changed(change: Exclude<Change<K>, { type: 'BOOKMARK' }>): void;
}

/** How long one list is the truth, at most. */
const RELIST_MS = 300_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

/** Runs until the signal aborts; never throws. */
export async function follow<K extends Kind>(
  deps: FollowDeps,
  scope: Scope<K>,
  follower: Follower<K>,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await listAndWatch(deps, scope, follower, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      deps.log.warn({ err: error, ...scope, failures }, 'the cluster cannot be followed; it is tried again');
      await pause(deps, failures, signal);
    }
  }
}

async function listAndWatch<K extends Kind>(
  deps: FollowDeps,
  scope: Scope<K>,
  follower: Follower<K>,
  signal: AbortSignal,
): Promise<void> {
  const began = follower.listing();
  const { items, resourceVersion } = await deps.cluster.list(scope);
  follower.listed(items, began);
  const until = deps.clock.now() + RELIST_MS * (0.8 + 0.4 * deps.random());
  await watchUntil({ deps, scope, follower, signal }, resourceVersion, until);
}

interface Watching<K extends Kind> {
  readonly deps: FollowDeps;
  readonly scope: Scope<K>;
  readonly follower: Follower<K>;
  readonly signal: AbortSignal;
}

/** Ends when a new list is due. A watch that could not begin at all is no reason for a list: the next one goes on. */
async function watchUntil<K extends Kind>(watching: Watching<K>, from: string, until: number): Promise<void> {
  const { deps, signal } = watching;
  const position = { resourceVersion: from, failures: 0 };
  for (let left = until - deps.clock.now(); left > 0 && !signal.aborted; left = until - deps.clock.now()) {
    position.failures += 1;
    const began = deps.clock.now();
    try {
      if ((await watchOnce(watching, position, left)) === 'expired') return;
    } catch (error) {
      deps.log.warn(
        { err: error, ...watching.scope, ...position },
        'a watch broke; it goes on from where it was',
      );
    }
    if (deps.clock.now() - began > LONGEST_PAUSE_MS) position.failures = 0;
    await pause(deps, position.failures, signal);
  }
}

/** How far a watch has come, and how often it ended since it told anything. */
interface Position {
  resourceVersion: string;
  failures: number;
}

/** The server is told when to end it; should it not, we do. */
async function watchOnce<K extends Kind>(
  { deps, scope, follower, signal }: Watching<K>,
  position: Position,
  leftMs: number,
): Promise<'ended' | 'expired'> {
  const late = new AbortController();
  deps.clock.sleep(leftMs, late.signal).then(
    () => late.abort(),
    () => {},
  );
  const { resourceVersion } = position;
  const timeoutSeconds = Math.ceil(leftMs / 1_000);
  const from = { resourceVersion, timeoutSeconds, signal: AbortSignal.any([signal, late.signal]) };
  try {
    return await deps.cluster.watch(scope, from, (change) => {
      position.failures = 0;
      position.resourceVersion = change.resourceVersion;
      if (change.type !== 'BOOKMARK') follower.changed(change);
    });
  } finally {
    late.abort();
  }
}

async function pause({ clock, random }: FollowDeps, failures: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
  await clock.sleep(longest * (0.5 + 0.5 * random()), signal).catch(() => {});
}
