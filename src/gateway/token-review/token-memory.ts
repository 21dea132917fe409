/** What this process remembers of tokens, by their hash: whose a proven one is until it expires, and refusals for seconds. */
import type { Clock } from '../../shared/clock.ts';
import type { Caller, Identified } from '../identity.ts';

/** How long a refusal stands before it is looked at again. */
const REFUSED_MS = 5_000;
const MAX_KEPT = 10_000;

/** Bounded; what is forgotten is looked up again. */
export class TokenMemory {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly caller: Caller; readonly until: number }>();
  readonly #refused = new Map<string, { readonly refusal: Identified; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What stands of this token, or null where somebody must be asked. */
  recall(hash: string): Identified | null {
    const now = this.#clock.now();
    const known = this.#known.get(hash);
    if (known && now < known.until) return { ok: true, caller: known.caller };
    const refused = this.#refused.get(hash);
    return refused && now < refused.until ? refused.refusal : null;
  }

  /** Keeps whose token it is; `expiresAt` is the token's own end, in Unix milliseconds. */
  keep(hash: string, caller: Caller, expiresAt: number): void {
    if (this.#known.size >= MAX_KEPT) this.#known.clear();
    this.#known.set(hash, { caller, until: expiresAt });
  }

  /** Keeps a refusal for a few seconds. */
  keepRefusal(hash: string, refusal: Identified): void {
    if (this.#refused.size >= MAX_KEPT) this.#refused.clear();
    this.#refused.set(hash, { refusal, until: this.#clock.now() + REFUSED_MS });
  }
}
