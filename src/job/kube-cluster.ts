/**
 * What we ask of a cluster, and no more: create and delete Jobs, follow Jobs, their pods and the events that say why a Job
 * gets no pod, and read the events of a pod that hangs. One adapter (`kube-client.ts`); tests have a fake.
 */
import type { EventSeen, JobManifest, JobSeen, PodSeen } from './kube-objects.ts';

/** The kinds that are followed, and what is known of each object. */
export interface Followed {
  readonly jobs: JobSeen;
  readonly pods: PodSeen;
  readonly events: EventSeen;
}
export type Kind = keyof Followed;

/** A Job by its place. */
export interface JobRef {
  readonly namespace: string;
  readonly name: string;
}

/** A pod by what its events name it by. */
export interface PodRef {
  readonly namespace: string;
  readonly uid: string;
}

/** Where a kind is followed. `labels` selects jobs and pods; events cannot be selected by them. */
export interface Scope<K extends Kind> {
  readonly kind: K;
  readonly namespace: string;
  readonly labels: string;
}

/** All objects of a scope at one moment, which `resourceVersion` names. */
export interface Listed<K extends Kind> {
  readonly items: readonly Followed[K][];
  readonly resourceVersion: string;
}

/** One change; a bookmark has no object and only says how far the watch has come. */
export type Change<K extends Kind> =
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly object: Followed[K];
      readonly resourceVersion: string;
    }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/** From where a watch goes on, and how long the server lets it. */
export interface WatchFrom {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/**
 * Every call has a time limit. Errors are `GloveboxError`: `kubernetes-refused` (the API server said no; `values.status`
 * and `values.reason` are its own) and `kubernetes-unavailable` (`retry: true`; it did not answer, or cannot now).
 */
export interface KubeCluster {
  /** Error `kubernetes-refused` with status 409 when the name is taken. */
  createJob(manifest: JobManifest): Promise<JobSeen>;
  /** In the background: the Job is gone at once, its pod ends within its own grace period. An unknown one is no error. */
  deleteJob(ref: JobRef): Promise<void>;
  getJob(ref: JobRef): Promise<JobSeen | null>;
  /** What was told of one pod, of any reason; cut to 100 events. */
  podEvents(ref: PodRef): Promise<readonly EventSeen[]>;
  list<K extends Kind>(scope: Scope<K>): Promise<Listed<K>>;
  /**
   * Calls `listener` for each change until the watch ends: `ended` by the server, by silence or by the signal, `expired`
   * when the resource version is too old (410). Errors as above.
   */
  watch<K extends Kind>(
    scope: Scope<K>,
    from: WatchFrom,
    listener: (change: Change<K>) => void,
  ): Promise<'ended' | 'expired'>;
}
