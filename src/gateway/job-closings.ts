/**
 * Tells calls in flight that their job was closed, whichever replica closed it: watched jobs are looked up in the record
 * every 500 ms, which keeps the promised 2 s. While the record does not answer, nobody can say that a job is still open:
 * after 20 s its calls are cut as well, and only they; once the record answers again, so are its jobs' calls.
 */
import type { Clock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Db } from '../task/open-database.ts';
import type { JobClosings } from './identity.ts';

export interface JobClosingsDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
}

const POLL_MS = 500;
const LOOK_TIMEOUT_MS = 1_000;
const BLIND_MS = 20_000;
const MAX_CLOSED_KEPT = 1_000;

/** Starts the watch; `close` ends it and leaves the signals as they are. */
export function watchJobClosings(deps: JobClosingsDeps): JobClosings & { close(): void } {
  const jobs = new WatchedJobs(deps);
  const ending = new AbortController();
  void repeat(() => jobs.look(), deps.clock, ending.signal);
  return { signalFor: (name) => jobs.signalFor(name), close: () => ending.abort() };
}

/** The jobs that calls in flight belong to. It asks the record only while one is watched that is open as far as we know. */
class WatchedJobs {
  readonly #deps: JobClosingsDeps;
  readonly #open = new Map<string, AbortController>();
  readonly #closed = new Map<string, AbortController>();
  #seenAt: number;

  constructor(deps: JobClosingsDeps) {
    this.#deps = deps;
    this.#seenAt = deps.clock.now();
  }

  signalFor(name: string): AbortSignal {
    const known = this.#closed.get(name) ?? this.#open.get(name);
    if (known) return known.signal;
    const controller = new AbortController();
    this.#open.set(name, controller);
    return controller.signal;
  }

  /** Cuts the calls of every watched job that is closed. Never throws. */
  async look(): Promise<void> {
    const { clock, log } = this.#deps;
    const names = [...this.#open.keys()];
    try {
      const open = await this.#readOpen(names);
      this.#seenAt = clock.now();
      this.#close(names.filter((name) => !open.has(name)));
    } catch (error) {
      log.warn({ err: error }, 'could not look for closed jobs');
      if (clock.now() - this.#seenAt > BLIND_MS) this.#interrupt(names);
    }
  }

  async #readOpen(names: readonly string[]): Promise<ReadonlySet<string>> {
    if (names.length === 0) return new Set();
    const answered = new AbortController();
    const tooLate = this.#deps.clock.sleep(LOOK_TIMEOUT_MS, answered.signal).then(
      () => null,
      () => null,
    );
    try {
      const open = await Promise.race([selectOpen(this.#deps.db, names), tooLate]);
      if (open) return open;
      throw new Error(`The record did not answer within ${LOOK_TIMEOUT_MS} ms.`);
    } finally {
      answered.abort();
    }
  }

  /** The record says that they are closed, which stays so. */
  #close(names: readonly string[]): void {
    for (const name of names) {
      const controller = this.#open.get(name);
      if (!controller) continue;
      this.#open.delete(name);
      this.#closed.set(name, controller);
      controller.abort(new Error(`Job '${name}' is closed.`));
    }
    for (const name of this.#closed.keys()) {
      if (this.#closed.size <= MAX_CLOSED_KEPT) return;
      this.#closed.delete(name);
    }
  }

  /** Nobody can say whether they are closed: their calls are cut, and the next ones are watched anew. */
  #interrupt(names: readonly string[]): void {
    for (const name of names) {
      const controller = this.#open.get(name);
      this.#open.delete(name);
      controller?.abort(
        new GloveboxError({
          code: 'record-silent',
          message: `The record has not said for ${BLIND_MS / 1_000} s whether job '${name}' is open. Try again when it answers.`,
          retry: true,
        }),
      );
    }
  }
}

async function selectOpen(db: Db, names: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('job')
    .select('name')
    .where('name', 'in', names)
    .where('closed_at', 'is', null)
    .execute();
  return new Set(rows.map((row) => row.name));
}

async function repeat(work: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await work();
    await clock.sleep(POLL_MS, signal).catch(() => undefined);
  }
}
