/** Which round is published: the sealed change set with the fewest broken tests, the latest of equals. */
import type { Verdict } from './verdict.ts';

/**
 * The round to publish, from judged rounds in their order (oldest first). Empty ones come last, so `change-empty` is the
 * end only where every round's is empty; before them blocked ones, which publish nothing. Null without any round.
 */
export function chooseRound<Round extends { readonly verdict: Verdict }>(
  rounds: readonly Round[],
): Round | null {
  return rounds.reduce<Round | null>(
    (best, one) => (best === null || !isWorse(one.verdict, best.verdict) ? one : best),
    null,
  );
}

function isWorse(one: Verdict, other: Verdict): boolean {
  const [a, b] = [rankOf(one), rankOf(other)];
  return a === b ? one.brokenCount > other.brokenCount : a > b;
}

function rankOf(verdict: Verdict): number {
  if (verdict.empty) return 2;
  return verdict.blocked ? 1 : 0;
}
