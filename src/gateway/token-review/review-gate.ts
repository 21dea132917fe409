/**
 * Which unknown tokens the API server is asked about, and how many at once. Tokens that say they are of the pod that their
 * job is bound to have an account of their own: nobody outside that pod knows its uid. All others share the account of the
 * address they came from, so that a sandbox that makes up tokens, whomever they name, uses up its own.
 */
import type { Clock } from '../../shared/clock.ts';
import { createReviewBudget } from './review-budget.ts';
import type { ReviewedToken } from './token-review.ts';

/** What is known of a token before anybody is asked. */
export interface ReviewWish {
  readonly jobName: string;
  /** The token says that it is of the pod that the job is bound to. */
  readonly isOfBoundPod: boolean;
  /** Where it came from; null where nobody knows. */
  readonly from: string | null;
}

/** Runs a review where there is room for it; null where there is none. */
export type ReviewGate = (
  wish: ReviewWish,
  review: () => Promise<ReviewedToken>,
) => Promise<ReviewedToken | null>;

/** A pod needs one review for each of its phases, and one for each renewal, every eight minutes. */
const OF_PODS = { burst: 10, perSecond: 0.5 } as const;
/** Behind an address may stand a whole node, where a network rewrites addresses: twenty pods begin there at once. */
const OF_ADDRESSES = { burst: 20, perSecond: 2 } as const;
const MAX_AT_ONCE = 64;

/** Builds the gate of one process. */
export function createReviewGate(clock: Clock): ReviewGate {
  const ofPods = createReviewBudget(clock, OF_PODS);
  const ofAddresses = createReviewBudget(clock, OF_ADDRESSES);
  let running = 0;
  return async ({ jobName, isOfBoundPod, from }, review) => {
    const hasRoom = isOfBoundPod ? ofPods.take(jobName) : ofAddresses.take(from ?? jobName);
    if (!hasRoom || running >= MAX_AT_ONCE) return null;
    running += 1;
    try {
      return await review();
    } finally {
      running -= 1;
    }
  };
}
