/**
 * One job: its phases in order, verify and deliver side by side, ended as a whole by its deadline or a stop. A phase that
 * does not complete is the last one.
 */
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { Clock } from '../../shared/clock.ts';
import type { JobObservation, JobSpec, PhaseObservation } from '../sandbox.ts';
import type { PhaseRun } from './phase-run.ts';

/** How long verify may take to end by itself once deliver has carried its results out, and how long after SIGTERM. */
const VERIFY_TAIL_MS = 10_000;

/** What deliver gets for its last upload once a job's deadline ended verify; a quarter of short deadlines. */
const DELIVER_TAIL_MS = 30_000;

/** What a job needs to run. */
export interface JobParts {
  readonly spec: JobSpec;
  readonly clock: Clock;
  readonly network: string;
  readonly notLimited: readonly string[];
  readonly makePhase: (phase: Phase, changed: () => void) => PhaseRun;
  readonly changed: () => void;
}

/** A job's life; made once per name. */
export class JobRun {
  readonly #parts: JobParts;
  readonly #phases: readonly PhaseRun[];
  readonly #over = new AbortController();
  /** No further phase begins. */
  #closed = false;
  #state: JobObservation['state'] = 'waiting';
  /** Resolves when nothing of the job runs any more. */
  readonly ended: Promise<void>;

  constructor(parts: JobParts) {
    this.#parts = parts;
    this.#phases = parts.spec.phases.map((phase) => parts.makePhase(phase, parts.changed));
    this.ended = this.#run();
  }

  get observation(): JobObservation {
    const { spec, network, notLimited } = this.#parts;
    const phases = this.#phases.map((phase) => phase.observation);
    return { name: spec.name, state: this.#state, phases, network, notLimited, trouble: null };
  }

  /** SIGTERM to every runner, SIGKILL after `graceMs`; resolves when nothing runs. */
  async stop(graceMs: number): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#phases.map((phase) => phase.stop(graceMs)));
    await this.ended;
  }

  async #run(): Promise<void> {
    // The creator gets the job before its first phase begins.
    await Promise.resolve();
    this.#setState('running');
    const deadline = this.#enforceDeadline();
    for (const group of inOrder(this.#phases)) {
      if (this.#closed) break;
      const ends = await this.#runGroup(group);
      if (ends.some((end) => end.reason !== 'completed')) break;
    }
    this.#over.abort();
    await deadline;
    this.#setState('ended');
  }

  async #runGroup(group: readonly PhaseRun[]): Promise<readonly PhaseObservation[]> {
    const verify = group.find((phase) => phase.observation.phase === 'verify');
    return Promise.all(
      group.map(async (phase) => {
        const end = await phase.run();
        if (end.phase === 'deliver' && verify !== undefined) void this.#endVerify(verify);
        return end;
      }),
    );
  }

  /** Without deliver nobody brings verify its change set or carries its results out. */
  async #endVerify(verify: PhaseRun): Promise<void> {
    try {
      await this.#parts.clock.sleep(VERIFY_TAIL_MS, this.#over.signal);
    } catch {
      return;
    }
    await verify.stop(VERIFY_TAIL_MS);
  }

  /** verify is ended a little before the others, so that deliver can still carry out what it left. */
  async #enforceDeadline(): Promise<void> {
    const { clock, spec } = this.#parts;
    const tailMs = Math.min(DELIVER_TAIL_MS, spec.deadlineMs / 4);
    try {
      await clock.sleep(spec.deadlineMs - tailMs, this.#over.signal);
      this.#kill((phase) => phase === 'verify');
      await clock.sleep(tailMs, this.#over.signal);
    } catch {
      return;
    }
    this.#closed = true;
    this.#kill(() => true);
  }

  #kill(isMeant: (phase: Phase) => boolean): void {
    for (const phase of this.#phases) {
      const { state, phase: name } = phase.observation;
      if (state === 'running' && isMeant(name)) phase.kill('deadline');
    }
  }

  #setState(state: JobObservation['state']): void {
    this.#state = state;
    this.#parts.changed();
  }
}

/** verify and deliver form one group, every other phase its own. */
function inOrder(phases: readonly PhaseRun[]): readonly (readonly PhaseRun[])[] {
  const isSideBySide = (run: PhaseRun) => ['verify', 'deliver'].includes(run.observation.phase);
  const alone = phases.filter((run) => !isSideBySide(run)).map((run) => [run]);
  const together = phases.filter(isSideBySide);
  return together.length === 0 ? alone : [...alone, together];
}
