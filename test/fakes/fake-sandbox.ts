/**
 * A sandbox adapter without sandboxes: phases follow a plan, or are ended by the test. Keeps the contract of `Sandbox`,
 * records its calls, and can be told what comes of the next one.
 */
import type {
  JobObservation,
  JobSpec,
  PhaseEndReason,
  PhaseTokens,
  Sandbox,
  Trouble,
} from '../../src/job/sandbox.ts';
import type { Phase } from '../../src/result/contract/phase-spec.ts';
import type { PhasePlan } from '../contracts/sandbox-contract.ts';

type Plan = Readonly<Partial<Record<Phase, PhasePlan>>>;

interface FakePhase {
  readonly phase: Phase;
  state: 'waiting' | 'running' | 'ended';
  reason: PhaseEndReason | null;
  exitCode: number | null;
  signal: string | null;
  startedAt: number | null;
  endedAt: number | null;
}

interface FakeJob {
  readonly spec: JobSpec;
  readonly phases: readonly FakePhase[];
  deadline: NodeJS.Timeout | null;
  over: boolean;
  trouble: Trouble | null;
}

export class FakeSandbox implements Sandbox {
  /** Every call, in order, e.g. `launch gb-7k2m9q-work-3f9a0c1b2d`. */
  readonly calls: string[] = [];
  /** What a phase without a plan does. */
  readonly fallback: PhasePlan;
  /** Told of every new job; plays the runner's part where a test needs one. */
  onLaunch: (spec: JobSpec, tokens: PhaseTokens) => void = () => {};
  /** What the platform has against a new job; one that may pass or needs an operator keeps it from starting. */
  troubleOf: (spec: JobSpec) => Trouble | null = () => null;
  /** A cluster answers a stop at once and ends the pod so much later; 0: it has ended when the stop is answered. */
  stopTakesMs = 0;
  readonly #jobs = new Map<string, FakeJob>();
  readonly #plans = new Map<string, Plan>();
  readonly #listeners = new Set<(name: string) => void>();

  constructor(fallback: PhasePlan = 'hangs') {
    this.fallback = fallback;
  }

  plan(name: string, plan: Plan): void {
    this.#plans.set(name, plan);
  }

  async launch(spec: JobSpec, tokens: PhaseTokens): Promise<void> {
    this.calls.push(`launch ${spec.name}`);
    if (this.#jobs.has(spec.name)) return;
    const trouble = this.troubleOf(spec);
    const job: FakeJob = { spec, phases: spec.phases.map(waiting), deadline: null, over: false, trouble };
    this.#jobs.set(spec.name, job);
    if (trouble) return this.#tell(spec.name);
    job.deadline = setTimeout(() => this.#endAll(job, 'deadline'), spec.deadlineMs);
    job.deadline.unref();
    this.onLaunch(spec, tokens);
    this.#advance(job);
  }

  async observe(name: string): Promise<JobObservation | null> {
    this.calls.push(`observe ${name}`);
    const job = this.#jobs.get(name);
    return job ? observationOf(job) : null;
  }

  async list(): Promise<readonly JobObservation[]> {
    return [...this.#jobs.values()].map(observationOf);
  }

  async stop(name: string, _graceMs: number): Promise<void> {
    this.calls.push(`stop ${name}`);
    const job = this.#jobs.get(name);
    if (!job) return;
    if (this.stopTakesMs === 0) this.#endAll(job, 'stopped');
    else setTimeout(() => this.#endAll(job, 'stopped'), this.stopTakesMs);
  }

  /** What kept the job from starting has passed. */
  clear(name: string): void {
    const job = this.#jobs.get(name);
    if (!job?.trouble) return;
    job.trouble = null;
    this.onLaunch(job.spec, {});
    this.#advance(job);
  }

  async remove(name: string): Promise<void> {
    this.calls.push(`remove ${name}`);
    this.lose(name);
  }

  subscribe(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends one running phase; what comes after it begins where it completed. */
  end(name: string, phase: Phase, reason: PhaseEndReason): void {
    const job = this.#jobs.get(name);
    const one = job?.phases.find((candidate) => candidate.phase === phase);
    if (!job || !one || one.state !== 'running') return;
    finish(one, reason);
    this.#advance(job);
  }

  /** The machine is gone: the adapter knows nothing of the job any more. */
  lose(name: string): void {
    const job = this.#jobs.get(name);
    if (job?.deadline) clearTimeout(job.deadline);
    this.#jobs.delete(name);
    this.#tell(name);
  }

  /** Names of the jobs that it knows. */
  names(): readonly string[] {
    return [...this.#jobs.keys()];
  }

  #advance(job: FakeJob): void {
    const failed = job.phases.some((one) => one.state === 'ended' && one.reason !== 'completed');
    for (const one of nextPhases(job)) {
      if (failed || job.over) break;
      this.#begin(job, one);
    }
    job.over ||= !job.phases.some((one) => one.state === 'running');
    if (job.over && job.deadline) clearTimeout(job.deadline);
    this.#tell(job.spec.name);
  }

  #begin(job: FakeJob, one: FakePhase): void {
    one.state = 'running';
    one.startedAt = Date.now();
    const plan = this.#plans.get(job.spec.name)?.[one.phase] ?? this.fallback;
    if (plan === 'completes') setImmediate(() => this.end(job.spec.name, one.phase, 'completed'));
    if (plan === 'fails') setImmediate(() => this.end(job.spec.name, one.phase, 'error'));
  }

  #endAll(job: FakeJob, reason: 'stopped' | 'deadline'): void {
    job.over = true;
    if (job.deadline) clearTimeout(job.deadline);
    for (const one of job.phases) if (one.state === 'running') finish(one, reason);
    this.#tell(job.spec.name);
  }

  #tell(name: string): void {
    for (const listener of this.#listeners) listener(name);
  }
}

/** The phases that may begin now: one after another, verify and deliver together. */
function nextPhases(job: FakeJob): readonly FakePhase[] {
  if (job.phases.some((one) => one.state === 'running')) return [];
  const next = job.phases.find((one) => one.state === 'waiting');
  if (!next) return [];
  return next.phase === 'verify' ? job.phases.filter((one) => one.state === 'waiting') : [next];
}

function waiting(phase: Phase): FakePhase {
  return {
    phase,
    state: 'waiting',
    reason: null,
    exitCode: null,
    signal: null,
    startedAt: null,
    endedAt: null,
  };
}

function finish(one: FakePhase, reason: PhaseEndReason): void {
  one.state = 'ended';
  one.reason = reason;
  one.exitCode = reason === 'completed' ? 0 : reason === 'error' ? 10 : null;
  one.signal = reason === 'completed' || reason === 'error' ? null : 'SIGKILL';
  one.endedAt = Date.now();
}

function observationOf(job: FakeJob): JobObservation {
  return {
    name: job.spec.name,
    state: job.over ? 'ended' : job.trouble ? 'waiting' : 'running',
    phases: job.phases.map((one) => ({ ...one })),
    network: 'nothing but our gateway',
    notLimited: [],
    trouble: job.trouble,
  };
}
