/**
 * A cluster of any size without pods: jobs are rows of a map, as an adapter's watches keep them, and calls of the API take
 * the time that a real API server takes. Counts what a cluster would be asked.
 */
import type { JobObservation, JobSpec, PhaseObservation, Sandbox } from '../src/job/sandbox.ts';
import type { Phase } from '../src/result/contract/phase-spec.ts';

/** A create or delete of a Job on a small cluster, in milliseconds. */
const API_MS = 15;

export class FakeCluster implements Sandbox {
  /** Creations and deletions of Jobs; lists and watches are shared by all. */
  apiCalls = 0;
  onLaunch: (spec: JobSpec) => void = () => {};
  readonly #jobs = new Map<string, JobObservation>();
  readonly #listeners = new Set<(name: string) => void>();

  get size(): number {
    return this.#jobs.size;
  }

  async launch(spec: JobSpec): Promise<void> {
    if (this.#jobs.has(spec.name)) return;
    await this.#call();
    this.adopt(spec.name, spec.phases);
    this.onLaunch(spec);
  }

  async observe(name: string): Promise<JobObservation | null> {
    return this.#jobs.get(name) ?? null;
  }

  async list(): Promise<readonly JobObservation[]> {
    return [...this.#jobs.values()];
  }

  async stop(name: string): Promise<void> {
    if (!this.#jobs.has(name)) return;
    await this.#call();
    this.#jobs.delete(name);
    this.#tell(name);
  }

  async remove(name: string): Promise<void> {
    if (!this.#jobs.has(name)) return;
    await this.#call();
    this.#jobs.delete(name);
  }

  subscribe(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** A job that runs; answers with how it is seen. */
  adopt(name: string, phases: readonly Phase[]): JobObservation {
    const seen = observation(name, 'running', phases.map(running));
    this.#jobs.set(name, seen);
    return seen;
  }

  /** Every phase of the job completed; its watchers hear it. */
  end(name: string): void {
    const job = this.#jobs.get(name);
    if (!job) return;
    this.#jobs.set(name, observation(name, 'ended', job.phases.map(completed)));
    this.#tell(name);
  }

  async #call(): Promise<void> {
    this.apiCalls += 1;
    await new Promise((resolve) => setTimeout(resolve, API_MS));
  }

  #tell(name: string): void {
    for (const listener of this.#listeners) listener(name);
  }
}

function observation(
  name: string,
  state: JobObservation['state'],
  phases: readonly PhaseObservation[],
): JobObservation {
  return { name, state, phases, network: 'nothing but our gateway', notLimited: [], trouble: null };
}

function running(phase: Phase): PhaseObservation {
  const startedAt = Date.now();
  return { phase, state: 'running', exitCode: null, signal: null, reason: null, startedAt, endedAt: null };
}

function completed(phase: PhaseObservation): PhaseObservation {
  return { ...phase, state: 'ended', exitCode: 0, reason: 'completed', endedAt: Date.now() };
}
