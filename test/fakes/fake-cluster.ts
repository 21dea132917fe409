/**
 * A cluster without nodes: keeps Jobs, pods and events with resource versions, tells watches of them, and can be told to
 * cut watches, to forget old versions, to fail. Keeps the contract of `KubeCluster` and records its calls.
 */
import { randomUUID } from 'node:crypto';
import type {
  Change,
  JobRef,
  Kind,
  KubeCluster,
  Listed,
  PodRef,
  Scope,
  WatchFrom,
} from '../../src/job/kube-cluster.ts';
import { EventSeen, JOB_NAME_LABEL, type JobManifest, JobSeen, PodSeen } from '../../src/job/kube-objects.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import { KindStore, type Versions } from './kind-store.ts';

export class FakeCluster implements KubeCluster {
  /** Every call, in order, e.g. `create glovebox-sandbox/gb-7k2m9q-work-3f9a0c1b2d`. */
  readonly calls: string[] = [];
  /** Namespaces in which nothing is answered. */
  readonly down = new Set<string>();
  /** Awaited between a list's reading and its answer, so that something can happen in between. */
  beforeListAnswer: (kind: Kind) => Promise<void> = async () => {};
  readonly #versions: Versions = { now: 1, oldest: 0 };
  readonly #stores: { readonly [K in Kind]: KindStore<K> } = {
    jobs: new KindStore(this.#versions),
    pods: new KindStore(this.#versions),
    events: new KindStore(this.#versions),
  };
  /** What `podEvents` answers, by the pod's uid. */
  readonly podComplaints = new Map<string, readonly EventSeen[]>();
  readonly #failures = new Map<string, GloveboxError>();

  async createJob(manifest: JobManifest): Promise<JobSeen> {
    const { namespace = '', name = '' } = manifest.metadata ?? {};
    this.#call('create', namespace, name);
    if (this.#stores.jobs.get(namespace, name) !== null)
      throw refused(409, 'AlreadyExists', `"${name}" already exists`);
    const metadata = { ...manifest.metadata, uid: randomUUID(), creationTimestamp: new Date() };
    return this.#stores.jobs.put(namespace, (resourceVersion) =>
      JobSeen.parse({ ...manifest, metadata: { ...metadata, resourceVersion } }),
    );
  }

  async deleteJob({ namespace, name }: JobRef): Promise<void> {
    this.#call('delete', namespace, name);
    this.#stores.jobs.drop(namespace, name);
  }

  async getJob({ namespace, name }: JobRef): Promise<JobSeen | null> {
    this.#call('get', namespace, name);
    return this.#stores.jobs.get(namespace, name);
  }

  async podEvents({ namespace, uid }: PodRef): Promise<readonly EventSeen[]> {
    this.#call('pod-events', namespace, uid);
    return this.podComplaints.get(uid) ?? [];
  }

  async list<K extends Kind>(scope: Scope<K>): Promise<Listed<K>> {
    this.#call('list', scope.namespace, scope.kind);
    const store: KindStore<K> = this.#stores[scope.kind];
    const listed = store.list(scope);
    await this.beforeListAnswer(scope.kind);
    return listed;
  }

  async watch<K extends Kind>(
    scope: Scope<K>,
    from: WatchFrom,
    listener: (change: Change<K>) => void,
  ): Promise<'ended' | 'expired'> {
    this.#call('watch', scope.namespace, scope.kind);
    const store: KindStore<K> = this.#stores[scope.kind];
    return store.watch(scope, from, listener);
  }

  /** Ends every watch, as a restarted API server does. */
  cutWatches(how: 'ended' | 'expired' = 'ended'): void {
    for (const store of Object.values(this.#stores)) store.end(how);
  }

  watching(): number {
    return Object.values(this.#stores).reduce((sum, store) => sum + store.watching(), 0);
  }

  /** From now on nobody is told of changes (true), until it is taken back. */
  keepSilent(silent: boolean): void {
    for (const store of Object.values(this.#stores)) store.silent = silent;
  }

  /** Versions up to now can no longer be watched from. */
  compact(): void {
    this.#versions.now += 1;
    this.#versions.oldest = this.#versions.now;
  }

  /** The next call of this kind, e.g. `create`, fails so. */
  failNext(call: string, error: GloveboxError): void {
    this.#failures.set(call, error);
  }

  /** A pod of a Job, as the Job controller makes it and the kubelet reports it; a second time changes it. */
  putPod({ namespace, name }: JobRef, status: object, metadata: object = {}): PodSeen {
    const job = this.#stores.jobs.get(namespace, name);
    const before = this.#stores.pods.get(namespace, `${name}-x`);
    const labels = { ...(job ?? before)?.metadata.labels, [JOB_NAME_LABEL]: name };
    const own = {
      name: `${name}-x`,
      uid: before?.metadata.uid ?? randomUUID(),
      creationTimestamp: Date.now(),
      labels,
    };
    const spec = job?.spec.template.spec ?? before?.spec;
    return this.#stores.pods.put(namespace, (resourceVersion) =>
      PodSeen.parse({ metadata: { ...own, ...metadata, resourceVersion }, spec, status }),
    );
  }

  dropPod({ namespace, name }: JobRef): void {
    this.#stores.pods.drop(namespace, `${name}-x`);
  }

  putEvent({ namespace, name }: JobRef, message: string): void {
    const rest = { involvedObject: { kind: 'Job', name }, reason: 'FailedCreate', message };
    this.#stores.events.put(namespace, (resourceVersion) =>
      EventSeen.parse({ metadata: { name: randomUUID(), resourceVersion }, ...rest }),
    );
  }

  #call(what: string, namespace: string, name: string): void {
    this.calls.push(`${what} ${namespace}/${name}`);
    const failure = this.#failures.get(what);
    this.#failures.delete(what);
    if (failure !== undefined) throw failure;
    if (this.down.has(namespace)) throw unavailable();
  }
}

/** What the API server answers when it refuses. */
export function refused(status: number, reason: string, message: string): GloveboxError {
  return new GloveboxError({
    code: 'kubernetes-refused',
    message: `Cannot do it: the API server answered ${status} ${reason}: ${message}`,
    values: { status, reason, message },
  });
}

/** What comes of a call that nobody answers. */
export function unavailable(): GloveboxError {
  return new GloveboxError({
    code: 'kubernetes-unavailable',
    message: 'Cannot do it: connect ECONNREFUSED.',
    retry: true,
  });
}
