/** The adapter of `KubeCluster` over the official client. */
import { BatchV1Api, CoreV1Api } from '@kubernetes/client-node';
import { z } from 'zod';
import type { KubeAccess } from './kube-access.ts';
import type {
  Change,
  Followed,
  JobRef,
  Kind,
  KubeCluster,
  Listed,
  PodRef,
  Scope,
  WatchFrom,
} from './kube-cluster.ts';
import { kubeError, statusOf } from './kube-error.ts';
import { EventSeen, type JobManifest, JobSeen, PodSeen } from './kube-objects.ts';
import { watchPath } from './kube-watch.ts';

/** Objects that one answer of a list holds at most. */
const PAGE = 500;
const MAX_POD_EVENTS = 100;

const READ: { readonly [K in Kind]: (object: unknown) => Followed[K] } = {
  jobs: (object) => JobSeen.parse(object),
  pods: (object) => PodSeen.parse(object),
  events: (object) => EventSeen.parse(object),
};

const PATHS: Readonly<Record<Kind, (namespace: string) => string>> = {
  jobs: (namespace) => `/apis/batch/v1/namespaces/${namespace}/jobs`,
  pods: (namespace) => `/api/v1/namespaces/${namespace}/pods`,
  events: (namespace) => `/api/v1/namespaces/${namespace}/events`,
};

/** Of a cluster's events only the Job controller's complaints matter to us. */
const EVENT_FIELDS = 'reason=FailedCreate,involvedObject.kind=Job';

/** Opens it; the access stays the caller's to close. */
export function createKubeClient(access: KubeAccess): KubeCluster {
  return new KubeClient(access);
}

interface Page {
  readonly items: readonly unknown[];
  readonly metadata?: { readonly _continue?: string; readonly resourceVersion?: string };
}

class KubeClient implements KubeCluster {
  readonly #access: KubeAccess;
  readonly #batch: BatchV1Api;
  readonly #core: CoreV1Api;

  constructor(access: KubeAccess) {
    this.#access = access;
    this.#batch = new BatchV1Api(access.configuration);
    this.#core = new CoreV1Api(access.configuration);
  }

  async createJob(manifest: JobManifest): Promise<JobSeen> {
    const namespace = manifest.metadata?.namespace ?? '';
    const what = `create Job '${manifest.metadata?.name}' in namespace '${namespace}'`;
    return JobSeen.parse(
      await asked(what, () => this.#batch.createNamespacedJob({ namespace, body: manifest })),
    );
  }

  async deleteJob({ namespace, name }: JobRef): Promise<void> {
    const what = `delete Job '${name}' in namespace '${namespace}'`;
    await unlessMissing(what, () =>
      this.#batch.deleteNamespacedJob({ namespace, name, propagationPolicy: 'Background' }),
    );
  }

  async getJob({ namespace, name }: JobRef): Promise<JobSeen | null> {
    const what = `read Job '${name}' in namespace '${namespace}'`;
    const job = await unlessMissing(what, () => this.#batch.readNamespacedJob({ namespace, name }));
    return job === null ? null : JobSeen.parse(job);
  }

  async podEvents({ namespace, uid }: PodRef): Promise<readonly EventSeen[]> {
    const what = `list events of pod '${uid}' in namespace '${namespace}'`;
    const fieldSelector = `involvedObject.uid=${uid}`;
    const query = { namespace, fieldSelector, limit: MAX_POD_EVENTS };
    const { items } = await asked(what, () => this.#core.listNamespacedEvent(query));
    return items.map((event) => EventSeen.parse(event));
  }

  async list<K extends Kind>(scope: Scope<K>): Promise<Listed<K>> {
    const items: Followed[K][] = [];
    let next: string | undefined;
    let resourceVersion = '';
    do {
      const page: Page = await asked(`list ${place(scope)}`, () => this.#page(scope, next));
      items.push(...page.items.map(READ[scope.kind]));
      resourceVersion = page.metadata?.resourceVersion ?? '';
      next = page.metadata?._continue;
    } while (next !== undefined && next !== '');
    return { items, resourceVersion };
  }

  watch<K extends Kind>(
    scope: Scope<K>,
    from: WatchFrom,
    listener: (change: Change<K>) => void,
  ): Promise<'ended' | 'expired'> {
    const path = PATHS[scope.kind](scope.namespace);
    return watchPath(this.#access.config, { path, query: selectorOf(scope), ...from }, ({ type, object }) =>
      listener(readChange(scope.kind, type, object)),
    );
  }

  #page<K extends Kind>(scope: Scope<K>, next: string | undefined): Promise<Page> {
    const query = {
      namespace: scope.namespace,
      limit: PAGE,
      ...selectorOf(scope),
      ...(next === undefined ? {} : { _continue: next }),
    };
    if (scope.kind === 'jobs') return this.#batch.listNamespacedJob(query);
    if (scope.kind === 'pods') return this.#core.listNamespacedPod(query);
    return this.#core.listNamespacedEvent(query);
  }
}

const Versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

function readChange<K extends Kind>(kind: K, type: string, object: unknown): Change<K> {
  const { resourceVersion } = Versioned.parse(object).metadata;
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
    return { type, object: READ[kind](object), resourceVersion };
  }
  return { type: 'BOOKMARK', resourceVersion };
}

function selectorOf<K extends Kind>({
  kind,
  labels,
}: Scope<K>): { labelSelector?: string; fieldSelector?: string } {
  return kind === 'events' ? { fieldSelector: EVENT_FIELDS } : { labelSelector: labels };
}

function place<K extends Kind>({ kind, namespace }: Scope<K>): string {
  return `${kind} in namespace '${namespace}'`;
}

async function asked<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw kubeError(what, error);
  }
}

async function unlessMissing<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await call();
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw kubeError(what, error);
  }
}
