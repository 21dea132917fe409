/**
 * One phase from its start to the proof that nothing of it runs: starts the tree, watches its limits, ends it when told
 * to, and says why it ended as seen from outside.
 */

import type { Phase, SandboxLimits } from '../../result/contract/phase-spec.ts';
import type { Clock } from '../../shared/clock.ts';
import type { PhaseEndReason, PhaseObservation } from '../sandbox.ts';
import { keepLog } from './limits/bounded-log.ts';
import type { TreeCgroup } from './limits/cgroup.ts';
import { type WatchedVolume, watchPhase } from './limits/watch-phase.ts';
import type { Tree, TreeEnd } from './options.ts';
import type { ProcessRow } from './process-table.ts';

/** Bytes of the runner's own output that are kept on disk. */
const LOG_BYTES = 1024 * 1024;

const TELL_AGAIN_MS = 20;

/** What a phase needs to run, all made by its job. */
export interface PhaseParts {
  readonly phase: Phase;
  readonly clock: Clock;
  readonly limits: SandboxLimits;
  readonly logFile: string;
  readonly volumes: readonly WatchedVolume[];
  /** The machine's processes, at most some ten milliseconds old. */
  readonly tree: (root: number) => readonly ProcessRow[];
  readonly start: () => Promise<Tree | { readonly failed: string }>;
  readonly cgroup: () => TreeCgroup | null;
  readonly changed: () => void;
  /** Called when nothing of it runs any more. */
  readonly ended: () => void;
}

/** A phase's life; `run` is called once. */
export class PhaseRun {
  readonly #parts: PhaseParts;
  readonly #over = new AbortController();
  #observation: PhaseObservation;
  #tree: Tree | null = null;
  /** Why we ended it; the first reason stands. */
  #cause: PhaseEndReason | null = null;

  constructor(parts: PhaseParts) {
    this.#parts = parts;
    this.#observation = {
      phase: parts.phase,
      state: 'waiting',
      exitCode: null,
      signal: null,
      reason: null,
      startedAt: null,
      endedAt: null,
    };
  }

  get observation(): PhaseObservation {
    return this.#observation;
  }

  /** Starts it and resolves when nothing of it runs any more. Never rejects: a failure is a `start-failed`. */
  async run(): Promise<PhaseObservation> {
    this.#set({ state: 'running', startedAt: this.#parts.clock.now() });
    const tree = await this.#parts.start().catch((error: unknown) => ({ failed: String(error) }));
    if ('failed' in tree) return this.#end({ started: false, exitCode: null, signal: null });
    this.#tree = tree;
    if (this.#cause !== null) tree.kill();
    const log = keepLog(this.#parts.logFile, [tree.stdout, tree.stderr], LOG_BYTES);
    const watching = this.#watch(tree);
    const end = await tree.ended;
    const cgroup = this.#parts.cgroup();
    if (cgroup !== null && cgroup.outOfMemoryKills() > 0) this.#cause ??= 'memory';
    this.#over.abort();
    await watching;
    log.close();
    cgroup?.remove();
    return this.#end(end);
  }

  /** SIGKILL to all of it, with the reason to report; a phase that has not begun ends as soon as it does. */
  kill(reason: PhaseEndReason): void {
    this.#cause ??= reason;
    this.#tree?.kill();
  }

  /** SIGTERM to the runner, SIGKILL to all after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (this.#observation.state !== 'running') return;
    this.#cause ??= 'stopped';
    const { clock } = this.#parts;
    const graceEnd = clock.now() + graceMs;
    try {
      // A phase that has just begun may have no runner yet to tell.
      while (clock.now() < graceEnd && this.#tree?.terminate() !== true) {
        await clock.sleep(TELL_AGAIN_MS, this.#over.signal);
      }
      await clock.sleep(Math.max(0, graceEnd - clock.now()), this.#over.signal);
    } catch {
      return;
    }
    this.kill('stopped');
  }

  async #watch(tree: Tree): Promise<void> {
    const { clock, limits, volumes, cgroup } = this.#parts;
    const limit = await watchPhase({
      clock,
      limits,
      wallClockMs: hasWallClock(this.#parts.phase) ? limits.wallClockMs : null,
      volumes,
      cgroup: cgroup(),
      tree: () => this.#parts.tree(tree.root.pid),
      signal: this.#over.signal,
    });
    if (limit !== null) this.kill(limit);
  }

  #end(end: TreeEnd): PhaseObservation {
    const { exitCode, signal } = end;
    this.#parts.ended();
    this.#set({
      state: 'ended',
      endedAt: this.#parts.clock.now(),
      exitCode,
      signal,
      reason: this.#reason(end),
    });
    return this.#observation;
  }

  #reason(end: TreeEnd): PhaseEndReason {
    if (this.#cause !== null) return this.#cause;
    if (!end.started) return 'start-failed';
    return end.exitCode === 0 ? 'completed' : 'error';
  }

  #set(change: Partial<PhaseObservation>): void {
    this.#observation = { ...this.#observation, ...change };
    this.#parts.changed();
  }
}

/** verify and deliver begin while the agent still works and wait for it: their time is bounded by checks and deadline. */
function hasWallClock(phase: Phase): boolean {
  return phase !== 'verify' && phase !== 'deliver';
}
