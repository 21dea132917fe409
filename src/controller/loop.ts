/**
 * The controller's loop: takes due tasks under leases and runs a pass over each, a bounded number at once. Woken by hints
 * (`wake`), by the poll that reads the columns, and by the resync; none of them is needed for the others to work.
 */
import { claimLease } from '../task/store/claim-lease.ts';
import { wakeJobTask } from '../task/store/wake-task.ts';
import type { ControllerDeps, StepDeps } from './controller-deps.ts';
import { thisMoment } from './hold-lease.ts';
import { createRoomLook, type RoomLook } from './look-for-room.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { runPass } from './pass.ts';
import { resync } from './resync.ts';

/** A running controller. */
export interface Controller {
  /** A hint that some task is due; safe to call at any time, as often as one likes. */
  wake(): void;
  /** Takes no more tasks and resolves when the passes in flight have ended. */
  stop(): Promise<void>;
}

/** Starts the loop. */
export function startController(deps: ControllerDeps): Controller {
  const loop = new Loop(deps);
  loop.start();
  return { wake: () => loop.wake(), stop: () => loop.stop() };
}

class Loop {
  readonly #deps: StepDeps;
  readonly #roomLook: RoomLook;
  readonly #passes = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #resyncTimer: NodeJS.Timeout | null = null;
  #unsubscribe: (() => void) | null = null;
  #claiming: Promise<void> | null = null;
  #resyncing: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(deps: ControllerDeps) {
    const { db, log, settings } = deps;
    this.#roomLook = createRoomLook({ db, log, room: settings, woke: () => this.wake() });
    this.#deps = { ...deps, roomFreed: () => this.#roomLook.freed(), starts: oneAtATime() };
  }

  start(): void {
    this.#unsubscribe = this.#deps.sandbox.subscribe((name) => this.#jobChanged(name));
    this.#timer = setInterval(() => this.wake(), this.#deps.settings.pollMs);
    this.#resyncTimer = setInterval(() => this.#resync(), this.#deps.settings.resyncMs);
    this.#resync();
  }

  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#claiming ??= this.#claim().finally(() => {
      this.#claiming = null;
      if (this.#again && this.#room() > 0) this.wake();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    if (this.#timer) clearInterval(this.#timer);
    if (this.#resyncTimer) clearInterval(this.#resyncTimer);
    await this.#resyncing;
    await this.#claiming;
    await Promise.all(this.#passes);
    await this.#roomLook.stop();
  }

  /** Claims while tasks are due and there is room; one claim at a time, so that room is never given twice. */
  async #claim(): Promise<void> {
    while (this.#again && !this.#stopped && this.#room() > 0) {
      this.#again = false;
      const { holder, leaseMs } = this.#deps.settings;
      const since = thisMoment();
      const claimed = await claimLease(this.#deps.db, { holder, leaseMs, limit: this.#room() }).catch(
        (error: unknown) => {
          this.#deps.log.error({ err: error }, 'due tasks cannot be read; the next poll tries again');
          return [];
        },
      );
      for (const task of claimed) this.#run(runPass(this.#deps, task, since));
    }
  }

  #run(pass: Promise<void>): void {
    const ended = pass.finally(() => {
      this.#passes.delete(ended);
      this.wake();
    });
    this.#passes.add(ended);
  }

  /** One at a time: where the store is slow, a second one would make it slower. */
  #resync(): void {
    this.#resyncing ??= resync(this.#deps).then(() => {
      this.#resyncing = null;
      this.wake();
    });
  }

  #room(): number {
    return this.#deps.settings.parallel - this.#passes.size;
  }

  #jobChanged(name: string): void {
    wakeJobTask(this.#deps.db, name).then(
      () => this.wake(),
      (error: unknown) => this.#deps.log.warn({ err: error, job: name }, 'hint lost; the poll looks again'),
    );
  }
}
