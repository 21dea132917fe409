/** Decides one reservation from the locked scopes: pure. The tightest scope binds. */
import type { NanoUsd } from '../shared/money.ts';
import type { ScopeCap } from './scopes-of.ts';

/** A scope as it stands under its lock. */
export interface ScopeState {
  readonly id: string;
  readonly capNanoUsd: NanoUsd;
  readonly spentNanoUsd: NanoUsd;
  readonly reservedNanoUsd: NanoUsd;
}

/** One upstream dispatch that wants money. */
export interface ReserveRequest {
  /** Unique per dispatch. */
  readonly rowId: string;
  /** Groups the dispatches of one client request. */
  readonly requestId: string;
  readonly taskId: string | null;
  readonly jobName: string | null;
  readonly attempt: number | null;
  readonly round: number | null;
  readonly model: string;
  /** Sorted by id. */
  readonly scopes: readonly ScopeCap[];
  /** Worst case of the input, features included. */
  readonly inputNanoUsd: NanoUsd;
  readonly outputNanoUsdPerToken: NanoUsd;
  /** `max_tokens` as asked, and the least the call makes sense with. */
  readonly askedTokens: number;
  readonly floorTokens: number;
  /** Which gateway process holds the lease, and for how long until it must be renewed. */
  readonly gateway: string;
  readonly leaseMs: number;
}

/** `spent`: the cap is truly used up. `busy`: only live reservations stand in the way. `unpriced`: an earlier answer named a price we lack. */
export type Reservation =
  | { readonly kind: 'reserved'; readonly maxTokens: number; readonly reservedNanoUsd: NanoUsd }
  | { readonly kind: 'spent' | 'busy'; readonly scope: ScopeState; readonly neededNanoUsd: NanoUsd }
  | { readonly kind: 'unpriced'; readonly flags: readonly string[] };

type Wanted = Pick<ReserveRequest, 'inputNanoUsd' | 'outputNanoUsdPerToken' | 'askedTokens' | 'floorTokens'>;

/**
 * Clamps the output to what the tightest scope affords, never under the floor. Where the floor does not fit beside what
 * is spent, the cap is spent; where it does not fit only because of live reservations, the call waits (`busy`).
 */
export function decideReservation(scopes: readonly ScopeState[], wanted: Wanted): Reservation {
  const needed = wanted.inputNanoUsd + BigInt(wanted.floorTokens) * wanted.outputNanoUsdPerToken;
  const spent = tightest(scopes, leftAfterSpent);
  if (spent !== undefined && leftAfterSpent(spent) < needed) {
    return { kind: 'spent', scope: spent, neededNanoUsd: needed };
  }
  const busy = tightest(scopes, leftNow);
  if (busy !== undefined && leftNow(busy) < needed) {
    return { kind: 'busy', scope: busy, neededNanoUsd: needed };
  }
  const maxTokens = busy === undefined ? wanted.askedTokens : affordable(leftNow(busy), wanted);
  const reservedNanoUsd = wanted.inputNanoUsd + BigInt(maxTokens) * wanted.outputNanoUsdPerToken;
  return { kind: 'reserved', maxTokens, reservedNanoUsd };
}

function affordable(left: NanoUsd, wanted: Wanted): number {
  if (wanted.outputNanoUsdPerToken === 0n) return wanted.askedTokens;
  const tokens = (left - wanted.inputNanoUsd) / wanted.outputNanoUsdPerToken;
  return tokens >= BigInt(wanted.askedTokens) ? wanted.askedTokens : Number(tokens);
}

function leftAfterSpent(scope: ScopeState): NanoUsd {
  return scope.capNanoUsd - scope.spentNanoUsd;
}

function leftNow(scope: ScopeState): NanoUsd {
  return scope.capNanoUsd - scope.spentNanoUsd - scope.reservedNanoUsd;
}

function tightest(
  scopes: readonly ScopeState[],
  left: (scope: ScopeState) => NanoUsd,
): ScopeState | undefined {
  return scopes.reduce<ScopeState | undefined>(
    (least, scope) => (least === undefined || left(scope) < left(least) ? scope : least),
    undefined,
  );
}
