/**
 * A round that cannot be run, or not be judged, takes nothing away that was judged before it: instead of an end without a
 * pull request the best judged round is published, with the reason why no further one came. Pure.
 */
import { chooseRound } from '../result/choose-round.ts';
import type { TaskRecord } from '../task/record.ts';
import type { PublishPlan, Reason } from '../task/task.ts';
import type { Action } from './action.ts';
import { currentRound, judgedRounds } from './current-round.ts';

/** The same action, but for an end that would throw judged work away. */
export function keepJudged(record: TaskRecord, action: Action | null): Action | null {
  if (action?.do !== 'end' || action.reason === null) return action;
  const plan = fallBackPlan(record, action.reason);
  if (!plan) return action;
  return record.task.state === 'judging' ? { do: 'plan-publish', plan } : { do: 'fall-back', plan };
}

/** What is published where the current round ends by `reason` unjudged; null where no earlier one can be. */
export function fallBackPlan(record: TaskRecord, reason: Reason): PublishPlan | null {
  const { state } = record.task;
  if (state !== 'working' && state !== 'verifying' && state !== 'judging') return null;
  if (record.task.publishPlan || currentRound(record)?.verdict) return null;
  const best = chooseRound(judgedRounds(record));
  if (!best || best.verdict.blocked || best.verdict.empty) return null;
  return { round: best.number, outcome: 'needs-human', reason };
}
