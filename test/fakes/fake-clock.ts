/** A clock that stands still until it is moved; sleepers wake when their time has come. */
import type { Clock } from '../../src/shared/clock.ts';

interface Sleeper {
  readonly ms: number;
  readonly at: number;
  wake(): void;
}

export class FakeClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(start = Date.parse('2026-01-02T14:05:02.000Z')) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { ms, at: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });
  }

  /** How long each sleeper asked to sleep, in milliseconds. */
  get sleeping(): readonly number[] {
    return [...this.#sleepers].map((sleeper) => sleeper.ms);
  }

  /** Moves time forward and wakes who is due. */
  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.at > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
