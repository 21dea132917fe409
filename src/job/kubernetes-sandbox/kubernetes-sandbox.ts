/**
 * The Kubernetes adapter of `Sandbox`: a job is a Job in a sandbox namespace. Every replica of the bot follows all of
 * them, so any may launch, observe and end any job; of our own calls a job costs two, its creation and its deletion.
 */
import { GloveboxError, hasCode } from '../../shared/errors.ts';
import type { JobSeen } from '../kube-objects.ts';
import type { JobObservation, JobSpec, Sandbox } from '../sandbox.ts';
import { classifyEnd } from './classify-end.ts';
import type { FollowDeps } from './follow.ts';
import { kubernetesJob, type PodFacts, readPodSpec, STORE_LABEL } from './kubernetes-job.ts';
import { type NamespaceView, openNamespaceView } from './namespace-view.ts';

/** What it is made of. */
export interface KubernetesSandboxOptions extends FollowDeps {
  readonly facts: Omit<PodFacts, 'gateway'>;
  /** Host and port of the gateway's Service; the host is looked up at each creation, since its address may change. */
  readonly gateway: { readonly host: string; readonly port: number };
  readonly lookup: (host: string) => Promise<string>;
  /** Followed from the start: those of the templates. */
  readonly namespaces: readonly string[];
  /** Where the record says that a job is; null: the record knows no such job in a pod. */
  readonly namespaceOf: (job: string) => Promise<string | null>;
}

/** The adapter; `close` ends its watches and leaves the jobs alone. */
export interface KubernetesSandbox extends Sandbox {
  close(): Promise<void>;
}

/** How long an answer waits for a namespace's first list. */
const READY_MS = 5_000;

/** Begins to follow the namespaces. Never throws: one that cannot be read is tried again and stops no other. */
export function createKubernetesSandbox(options: KubernetesSandboxOptions): KubernetesSandbox {
  return new ClusterSandbox(options);
}

class ClusterSandbox implements KubernetesSandbox {
  readonly #options: KubernetesSandboxOptions;
  readonly #views = new Map<string, NamespaceView>();
  readonly #listeners = new Set<(name: string) => void>();

  constructor(options: KubernetesSandboxOptions) {
    this.#options = options;
    for (const namespace of options.namespaces) this.#view(namespace);
  }

  /** Tokens are Kubernetes' own: each container's is projected into its pod. */
  async launch(spec: JobSpec): Promise<void> {
    const { pod } = readPodSpec(spec);
    const { jobs } = this.#view(pod.namespace);
    if (jobs.get(spec.name) !== null) return;
    const manifest = kubernetesJob(spec, await this.#facts(spec.name));
    try {
      jobs.noteJob(await this.#options.cluster.createJob(manifest));
    } catch (error) {
      if (!isTaken(error)) throw launchError(spec.name, error);
      await this.#takeUp(spec.name, pod.namespace);
    }
  }

  async observe(name: string): Promise<JobObservation | null> {
    const known = this.#known(name);
    if (known !== undefined) return known;
    const namespace = await this.#options.namespaceOf(name);
    return namespace === null ? null : this.#look(name, namespace);
  }

  /** A namespace that cannot be read is left out: nobody may take "not listed" for "gone". */
  async list(): Promise<readonly JobObservation[]> {
    const views = [...this.#views.values()].filter((view) => view.isReady());
    const all = views.flatMap(({ jobs }) => jobs.names().map((name) => this.#known(name) ?? null));
    return all.filter((job) => job !== null);
  }

  /** Kubernetes gives a pod its own grace period, which cannot be shortened here: the bot may not delete pods. */
  async stop(name: string): Promise<void> {
    const view = await this.#place(name);
    const known = view?.jobs.get(name) ?? null;
    if (view === null || known?.jobGone) return;
    try {
      await this.#options.cluster.deleteJob({ namespace: view.namespace, name });
    } catch (cause) {
      throw unavailable(`end job '${name}'`, cause);
    }
    view.jobs.noteDeleted(name);
  }

  async remove(name: string): Promise<void> {
    await this.stop(name);
    for (const { jobs } of this.#views.values()) jobs.noteRemoved(name);
  }

  subscribe(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#views.values()].map((view) => view.close()));
  }

  /** Undefined: nothing was seen of it; null: it was removed, and nothing of it runs. */
  #known(name: string): JobObservation | null | undefined {
    for (const { jobs } of this.#views.values()) {
      const known = jobs.get(name);
      if (known === null) continue;
      const seen = classifyEnd(known);
      return known.removed && seen.state === 'ended' ? null : seen;
    }
    return undefined;
  }

  /** What was not seen may have been launched by another replica a moment ago: the API server is asked. */
  async #look(name: string, namespace: string): Promise<JobObservation | null> {
    const view = this.#view(namespace);
    await this.#untilReady(view);
    const job = await this.#get(name, namespace);
    if (job !== null) view.jobs.noteJob(job);
    return this.#known(name) ?? null;
  }

  async #untilReady(view: NamespaceView): Promise<void> {
    if (view.isReady()) return;
    const late = new AbortController();
    await Promise.race([view.ready, this.#options.clock.sleep(READY_MS, late.signal).catch(() => {})]);
    late.abort();
    if (!view.isReady()) throw unavailable(`read namespace '${view.namespace}'`, null);
  }

  async #get(name: string, namespace: string): Promise<JobSeen | null> {
    try {
      return await this.#options.cluster.getJob({ namespace, name });
    } catch (cause) {
      throw unavailable(`read job '${name}'`, cause);
    }
  }

  /** The name is taken: by another replica's launch, or by somebody who is not us. */
  async #takeUp(name: string, namespace: string): Promise<void> {
    const job = await this.#get(name, namespace);
    if (job === null || job.metadata.labels[STORE_LABEL] === this.#options.facts.store) {
      if (job !== null) this.#view(namespace).jobs.noteJob(job);
      return;
    }
    throw new GloveboxError({
      code: 'sandbox-refused',
      message: `Job '${name}' exists in namespace '${namespace}' and belongs to another installation: expected a free name. Give each installation a namespace of its own.`,
    });
  }

  async #place(name: string): Promise<NamespaceView | null> {
    const seen = [...this.#views.values()].find(({ jobs }) => jobs.get(name) !== null);
    if (seen !== undefined) return seen;
    const namespace = await this.#options.namespaceOf(name);
    return namespace === null ? null : this.#view(namespace);
  }

  #view(namespace: string): NamespaceView {
    const open = this.#views.get(namespace);
    if (open !== undefined) return open;
    const view = openNamespaceView(this.#options, {
      namespace,
      labels: `${STORE_LABEL}=${this.#options.facts.store}`,
      tell: (name) => this.#tell(name),
    });
    this.#views.set(namespace, view);
    return view;
  }

  async #facts(name: string): Promise<PodFacts> {
    const { facts, gateway, lookup } = this.#options;
    try {
      return { ...facts, gateway: { address: await lookup(gateway.host), port: gateway.port } };
    } catch (cause) {
      throw unavailable(
        `launch job '${name}': the gateway's name '${gateway.host}' cannot be looked up`,
        cause,
      );
    }
  }

  #tell(name: string): void {
    for (const listener of this.#listeners) {
      try {
        listener(name);
      } catch (error) {
        this.#options.log.error({ job: name, err: error }, 'a listener of the sandbox failed');
      }
    }
  }
}

const isTaken = (error: unknown): boolean =>
  hasCode(error, 'kubernetes-refused') && error.values['status'] === 409;

/** A quota on Jobs may have room later; whatever else the API server refuses, it will refuse again. */
function launchError(name: string, error: unknown): GloveboxError {
  if (!hasCode(error, 'kubernetes-refused')) return unavailable(`launch job '${name}'`, error);
  if (String(error.values['message']).includes('exceeded quota'))
    return unavailable(`launch job '${name}'`, error);
  return new GloveboxError({ code: 'sandbox-refused', message: error.message, cause: error });
}

function unavailable(what: string, cause: unknown): GloveboxError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new GloveboxError({
    code: 'sandbox-unavailable',
    message: `Cannot ${what}${why}. It is tried again; look at the API server and at 'glovebox doctor'.`,
    retry: true,
    cause,
  });
}
