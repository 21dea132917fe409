/**
 * A claimed lease as a pass holds it. While it was claimed or renewed a moment ago nobody else can have taken it, so a
 * check asks the record only after that moment, and renews it then.
 */
import { checkLease } from '../task/store/check-lease.ts';
import type { Claimed } from '../task/store/claim-lease.ts';
import type { ControllerDeps } from './controller-deps.ts';
import type { Lease } from './ports.ts';

/** Of a lease's time; much less than what is left of it for the outside call behind a check. */
const FRESH_SHARE = 0.1;

/** A moment by the wall clock and by the machine's own: the first may be set back, the second may stand still in sleep. */
export interface Moment {
  readonly wallMs: number;
  readonly steadyMs: number;
}

/** Now. */
export function thisMoment(): Moment {
  return { wallMs: Date.now(), steadyMs: performance.now() };
}

/** `since` is a moment before the claim was sent. `check` throws `lease-lost`. */
export function holdLease(deps: ControllerDeps, claimed: Claimed, since: Moment): Lease {
  const { leaseMs } = deps.settings;
  let renewed = since;
  return {
    ...claimed,
    async check() {
      const now = thisMoment();
      const usedMs = Math.max(now.wallMs - renewed.wallMs, now.steadyMs - renewed.steadyMs);
      if (usedMs < leaseMs * FRESH_SHARE && now.wallMs >= renewed.wallMs) return leaseMs - usedMs;
      const leftMs = await checkLease(deps.db, { ...claimed, leaseMs });
      renewed = now;
      return leftMs;
    },
  };
}
