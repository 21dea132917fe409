/**
 * How many unknown tokens are asked about: an account per key, which fills up again with time. Without it a sandbox that
 * makes up tokens would have us flood the API server.
 */
import type { Clock } from '../../shared/clock.ts';

/** What an account holds at most, and what comes back to it. */
export interface ReviewBudgetRule {
  readonly burst: number;
  readonly perSecond: number;
}

/** The accounts of this process. */
export interface ReviewBudget {
  /** Takes one from the key's account; false where nothing is in it. */
  take(key: string): boolean;
}

interface Account {
  readonly reviews: number;
  readonly at: number;
}

const MAX_ACCOUNTS = 10_000;

/** Builds the accounts; each begins full. Beyond 10,000 keys the longest untouched is forgotten. */
export function createReviewBudget(clock: Clock, rule: ReviewBudgetRule): ReviewBudget {
  const accounts = new Map<string, Account>();
  return {
    take(key) {
      const now = clock.now();
      const account = accounts.get(key) ?? { reviews: rule.burst, at: now };
      const back = ((now - account.at) / 1_000) * rule.perSecond;
      const reviews = Math.min(rule.burst, account.reviews + back);
      accounts.delete(key);
      accounts.set(key, { reviews: reviews >= 1 ? reviews - 1 : reviews, at: now });
      if (accounts.size > MAX_ACCOUNTS) forgetFirst(accounts);
      return reviews >= 1;
    },
  };
}

function forgetFirst(accounts: Map<string, Account>): void {
  const first = accounts.keys().next();
  if (first.done !== true) accounts.delete(first.value);
}
