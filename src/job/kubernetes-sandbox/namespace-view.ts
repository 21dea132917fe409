/** One sandbox namespace as it is now: three watches for all its jobs, however many there are. */
import type { Change, Followed, Kind } from '../kube-cluster.ts';
import { type FollowDeps, follow } from './follow.ts';
import { KnownJobs } from './known-jobs.ts';
import { lookAtSilent } from './look-at-silent.ts';

export interface NamespaceOptions {
  readonly namespace: string;
  /** Selects our Jobs and their pods. */
  readonly labels: string;
  /** Called with a job's name when something of it changed. */
  readonly tell: (name: string) => void;
}

/** A followed namespace. */
export interface NamespaceView {
  readonly namespace: string;
  readonly jobs: KnownJobs;
  /** Resolves once Jobs and pods have been listed; never while the namespace cannot be read. */
  readonly ready: Promise<void>;
  isReady(): boolean;
  close(): Promise<void>;
}

/** Begins to follow it; never throws. */
export function openNamespaceView(deps: FollowDeps, options: NamespaceOptions): NamespaceView {
  const jobs = new KnownJobs(options.tell, () => deps.clock.now());
  const stop = new AbortController();
  const listed = { jobs: Promise.withResolvers<void>(), pods: Promise.withResolvers<void>() };
  const start = <K extends Kind>(kind: K, on: Listener<K>) =>
    follow(
      deps,
      { kind, namespace: options.namespace, labels: options.labels },
      { listing: () => jobs.moment(), listed: on.listed, changed: on.changed },
      stop.signal,
    );
  let isReady = false;
  const ready = Promise.all([listed.jobs.promise, listed.pods.promise]).then(() => {
    isReady = true;
  });
  const running = [
    start('jobs', {
      listed: (items, began) => {
        jobs.jobsListed(items, began);
        listed.jobs.resolve();
      },
      changed: ({ type, object }) => jobs.jobChanged(object, type === 'DELETED'),
    }),
    start('pods', {
      listed: (items, began) => {
        jobs.podsListed(items, began);
        listed.pods.resolve();
      },
      changed: ({ type, object }) => jobs.podChanged(object, type === 'DELETED'),
    }),
    start('events', {
      listed: (items) => items.forEach((event) => void jobs.eventChanged(event)),
      changed: ({ type, object }) => {
        if (type !== 'DELETED') jobs.eventChanged(object);
      },
    }),
    lookAtSilent(deps, { namespace: options.namespace, jobs }, stop.signal),
  ];
  return {
    namespace: options.namespace,
    jobs,
    ready,
    isReady: () => isReady,
    close: async () => {
      stop.abort();
      await Promise.all(running);
    },
  };
}

interface Listener<K extends Kind> {
  listed(items: readonly Followed[K][], began: number): void;
  changed(change: Exclude<Change<K>, { type: 'BOOKMARK' }>): void;
}
