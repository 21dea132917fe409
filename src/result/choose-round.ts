/** Which round is published: the sealed change set with the fewest broken tests, the latest of equals. */
import type { Digest } from '../shared/digest.ts';
import type { Verdict } from './verdict.ts';

/** A round that was sealed and judged. */
export interface JudgedRound {
  readonly attempt: number;
  readonly round: number;
  readonly sealedDigest: Digest;
  readonly verdict: Verdict;
}

/**
 * The round to publish, in the order given (oldest first). Empty rounds come last, so `change-empty` is the end only where
 * every round's is empty; then blocked ones, which publish nothing. Null without any round.
 */
export function chooseRound(rounds: readonly JudgedRound[]): JudgedRound | null {
  return rounds.reduce<JudgedRound | null>(
    (best, one) => (best === null || !isWorse(one, best) ? one : best),
    null,
  );
}

function isWorse(one: JudgedRound, other: JudgedRound): boolean {
  const [a, b] = [rankOf(one.verdict), rankOf(other.verdict)];
  return a === b ? one.verdict.brokenCount > other.verdict.brokenCount : a > b;
}

function rankOf(verdict: Verdict): number {
  if (verdict.empty) return 2;
  return verdict.blocked ? 1 : 0;
}
