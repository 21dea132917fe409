/** Everything that the controller can do next, as one union: `decide` picks, `phases/` has one file for each. */
import type { PlaceRank } from '../task/place-rank.ts';
import type { CloseReason } from '../task/store/close-job.ts';
import type { Outcome, PublishPlan, Reason } from '../task/task.ts';

export type Action =
  | { readonly do: 'pin' }
  | { readonly do: 'start' }
  /** `rank` where the job is new and has to take a place first; left out where it stands in the record. */
  | {
      readonly do: 'launch';
      readonly kind: 'work' | 'verify';
      readonly number: number;
      readonly rank?: PlaceRank;
    }
  /** No place is free: the task stands in line for one. */
  | { readonly do: 'ask-place'; readonly rank: PlaceRank }
  /** The work job's own limits ended it: its last upload is sealed. `end` goes into the record, e.g. `limit-memory`. */
  | { readonly do: 'seal'; readonly end: string }
  | { readonly do: 'enter-verifying' }
  /** Sealed empty or as judged before: deliver is told that nothing comes. */
  | { readonly do: 'skip-verify' }
  /** The work job was lost: a new round goes on from its last upload. */
  | { readonly do: 'restart-round' }
  | { readonly do: 'tell-verify-ended'; readonly job: string }
  | { readonly do: 'close-job'; readonly job: string; readonly reason: CloseReason }
  | { readonly do: 'enter-judging' }
  | { readonly do: 'judge' }
  | { readonly do: 'next-round'; readonly follows: number }
  | { readonly do: 'plan-publish'; readonly plan: PublishPlan }
  /** The round cannot be run or judged: an earlier one is published, once the calls of this one are settled. */
  | { readonly do: 'fall-back'; readonly plan: PublishPlan }
  | { readonly do: 'publish' }
  | { readonly do: 'revoke-token'; readonly job: string }
  /** Asks the adapter to end a closed job; that it has ended is seen later. */
  | { readonly do: 'stop-job'; readonly job: string }
  /** Forgets a closed job of which nothing runs any more. */
  | { readonly do: 'remove-job'; readonly job: string }
  | { readonly do: 'end'; readonly outcome: Outcome; readonly reason: Reason | null }
  /** Nothing to do now: look again after so long, or when woken. */
  | { readonly do: 'wait'; readonly forMs: number }
  /** Nothing to do ever. */
  | { readonly do: 'rest' };

export type ActionName = Action['do'];

/** Actions that tidy up: their failure is tried again for ever and ends no task. */
export const HOUSEKEEPING: ReadonlySet<ActionName> = new Set(['revoke-token', 'stop-job', 'remove-job']);

/** Actions that do nothing. */
export const IDLE: ReadonlySet<ActionName> = new Set(['wait', 'rest']);
