/** Judging: nothing runs for this round any more. A verdict waits for the money; then another round, a pull request, or an end. */
import type { JobRecord, RoundRecord, TaskRecord } from '../task/record.ts';
import type { Action } from './action.ts';
import { choosePublish, wantsRound } from './choose-round.ts';
import { currentRound, isNews } from './current-round.ts';
import type { Moment } from './observation.ts';

/** Null: wait until the round's calls are settled. */
export function decideJudging(record: TaskRecord, moment: Moment): Action | null {
  const open = openJob(record);
  if (open) return { do: 'close-job', job: open.name, reason: 'ended' };
  if (moment.openReservations > 0) return null;
  const { publishPlan } = record.task;
  if (publishPlan) return { do: 'plan-publish', plan: publishPlan };
  const round = currentRound(record);
  if (round && needsVerdict(record, round)) return { do: 'judge' };
  if (round?.verdict && wantsRound(record, round.verdict, moment.budgetSpent)) {
    return { do: 'next-round', follows: round.number };
  }
  const choice = choosePublish(record, moment);
  return 'plan' in choice ? { do: 'plan-publish', plan: choice.plan } : { do: 'end', ...choice.end };
}

/** An empty change set and the one judged last are not judged again: the earlier verdict stands. */
function needsVerdict(record: TaskRecord, round: RoundRecord): boolean {
  return round.verdict === null && round.sealedDigest !== null && isNews(record, round.sealedDigest);
}

/** A verify job that was told that nothing comes ends by itself; nothing of it counts. */
function openJob(record: TaskRecord): JobRecord | undefined {
  return record.jobs.find((job) => !job.closedAt && !job.nothingComes);
}
