/**
 * The one-machine adapter of `Sandbox`: every phase of a job is a tree of processes on this machine, in bubblewrap or,
 * where a template says so, without isolation. State is one folder per life of our process; nothing of an earlier life
 * runs or lies around once this one has begun.
 */

import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { GloveboxError } from '../../shared/errors.ts';
import type { JobObservation, JobSpec, PhaseTokens, Sandbox } from '../sandbox.ts';
import { checkSpec } from './check-spec.ts';
import { deleteTree } from './job-folders.ts';
import { JobRun } from './job-run.ts';
import { type Machine, openMachine } from './machine.ts';
import type { ProcessSandboxOptions } from './options.ts';
import { type PreparedJob, prepareJob } from './prepare-job.ts';

/** The adapter; `close` ends all its jobs and deletes this life's folder. */
export interface ProcessSandbox extends Sandbox {
  /** Why jobs with `isolation: bubblewrap` are refused here (`isolation-missing`), or null. */
  bubblewrapProblem(): string | null;
  close(): Promise<void>;
}

interface Entry {
  readonly prepared: PreparedJob;
  readonly run: JobRun;
}

/**
 * Removes what earlier lives left, tries bubblewrap, and is ready for jobs. Call it on the main thread: a sandbox dies
 * with the thread that started it. Error `sandbox-unavailable` when the state folder cannot be used.
 */
export async function createProcessSandbox(options: ProcessSandboxOptions): Promise<ProcessSandbox> {
  if (!isMainThread) throw new Error('createProcessSandbox must be called on the main thread');
  const { folder, nodePath, runnerFile, gatewaySocket } = options;
  const machine = await openMachine({
    ...options,
    folder: resolve(folder),
    nodePath: realpathSync(nodePath),
    runnerFile: resolve(runnerFile),
    gatewaySocket: resolve(gatewaySocket),
  });
  return new OneMachine(machine);
}

class OneMachine implements ProcessSandbox {
  readonly #machine: Machine;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(name: string) => void>();
  #closed = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  bubblewrapProblem(): string | null {
    return this.#machine.bubblewrap.ok ? null : this.#machine.bubblewrap.problem;
  }

  async launch(spec: JobSpec, tokens: PhaseTokens): Promise<void> {
    if (this.#entries.has(spec.name)) return;
    if (this.#closed) throw unavailable(spec.name, 'the sandbox is closed');
    checkSpec(spec, tokens);
    const prepared = this.#prepare(spec, tokens);
    const { network, notLimited } = prepared.isolation;
    const changed = () => this.#tell(spec.name);
    const { clock } = this.#machine.options;
    const run = new JobRun({ spec, clock, network, notLimited, makePhase: prepared.makePhase, changed });
    this.#entries.set(spec.name, { prepared, run });
  }

  async observe(name: string): Promise<JobObservation | null> {
    return this.#entries.get(name)?.run.observation ?? null;
  }

  async list(): Promise<readonly JobObservation[]> {
    return [...this.#entries.values()].map(({ run }) => run.observation);
  }

  async stop(name: string, graceMs: number): Promise<void> {
    await this.#entries.get(name)?.run.stop(graceMs);
  }

  /** A job that still runs is ended first: its folders are not deleted under it. */
  async remove(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    await entry.run.stop(0);
    await entry.prepared.discard();
    if (this.#entries.delete(name)) this.#tell(name);
  }

  subscribe(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#entries.keys()].map((name) => this.remove(name)));
    this.#machine.cgroups?.removeLife(this.#machine.life.id);
    await deleteTree(this.#machine.life.folder);
  }

  #prepare(spec: JobSpec, tokens: PhaseTokens): PreparedJob {
    try {
      return prepareJob(this.#machine, spec, {
        tokens,
        root: join(this.#machine.life.folder, 'jobs', spec.name),
      });
    } catch (cause) {
      if (cause instanceof GloveboxError) throw cause;
      throw unavailable(spec.name, 'its folders cannot be made', cause);
    }
  }

  #tell(name: string): void {
    for (const listener of this.#listeners) {
      try {
        listener(name);
      } catch (error) {
        this.#machine.options.log.error({ job: name, err: error }, 'a listener of the sandbox failed');
      }
    }
  }
}

function unavailable(name: string, why: string, cause?: unknown): GloveboxError {
  return new GloveboxError({
    code: 'sandbox-unavailable',
    message: `Cannot launch job '${name}' on this machine: ${why}. Look at the state folder and its disk.`,
    retry: true,
    cause,
  });
}
