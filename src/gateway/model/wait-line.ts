/**
 * Where calls wait while only live reservations stand in the way: first come, first woken, per scope. A settlement in this
 * process wakes the first of its scopes; a replica's is found by looking again every half second.
 */
import type { Clock } from '../../shared/clock.ts';

const LOOK_AGAIN_MS = 500;

interface Waiter {
  readonly since: number;
  wake(): void;
}

/** Lines by scope id. */
export class WaitLine {
  private readonly lines = new Map<string, Waiter[]>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves when it is this caller's turn to try again; keeps its place by `since`. Rejects when the signal aborts. */
  async turn(scopeId: string, since: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const waiter: Waiter = { since, wake: () => woken.abort() };
    const line = this.lines.get(scopeId) ?? [];
    this.lines.set(
      scopeId,
      [...line, waiter].sort((a, b) => a.since - b.since),
    );
    try {
      await this.clock.sleep(LOOK_AGAIN_MS, AbortSignal.any([signal, woken.signal]));
    } catch (reason) {
      if (!woken.signal.aborted) throw reason;
    } finally {
      this.leave(scopeId, waiter);
    }
  }

  /** Money may have come back in these scopes. */
  moneyCameBack(scopeIds: readonly string[]): void {
    for (const scopeId of scopeIds) this.lines.get(scopeId)?.[0]?.wake();
  }

  private leave(scopeId: string, waiter: Waiter): void {
    const rest = (this.lines.get(scopeId) ?? []).filter((other) => other !== waiter);
    if (rest.length === 0) this.lines.delete(scopeId);
    else this.lines.set(scopeId, rest);
  }
}
