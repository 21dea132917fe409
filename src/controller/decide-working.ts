/** Working: the round's work job runs until its seal; beside it the verify job is prepared as soon as there is something new. */
import { PLACE_RANK } from '../task/place-rank.ts';
import type { JobRecord, RoundRecord, TaskRecord } from '../task/record.ts';
import type { Action } from './action.ts';
import { currentRound, isNews, roundJobs } from './current-round.ts';
import { verifyTrouble } from './decide-verifying.ts';
import { failureOutcome, preparationLimit } from './failure-outcome.ts';
import { type JobEnd, jobEnd, type Loss, lossOf } from './job-end.ts';
import { launchNew } from './launch-new.ts';
import type { Moment } from './observation.ts';
import { lostTooOften } from './platform-ending.ts';
import { stuckLoss, troubleEnding } from './trouble.ts';

/** New rounds that one attempt gets for lost work jobs. */
const MAX_PLATFORM_FAILURES = 3;

/** Null: wait for the agent. */
export function decideWorking(record: TaskRecord, moment: Moment): Action | null {
  const round = currentRound(record);
  const work = roundJobs(record, 'work').at(-1);
  if (!round || !work) return launchNew(record, moment, { kind: 'work', number: 1, rank: PLACE_RANK.work });
  if (round.sealedDigest) {
    return { do: isNews(record, round.sealedDigest) ? 'enter-verifying' : 'skip-verify' };
  }
  return (
    workTrouble(record, work, moment.now) ??
    (work.launchedAt ? null : { do: 'launch', kind: 'work', number: 1 }) ??
    earlyVerify(record, round, moment)
  );
}

/** A reported failure, something that the platform has against it, or an end without a seal. */
function workTrouble(record: TaskRecord, work: JobRecord, now: number): Action | null {
  const reported = work.failure ? failureOutcome(work.failure, record.task.pin) : null;
  if (reported) return { do: 'end', ...reported };
  const stuck = stuckLoss(work, { now, since: 0 });
  if (stuck) return lost(record, stuck);
  const ending = troubleEnding(record, work, { now, since: 0 });
  if (ending) return { do: 'end', ...ending };
  const end = jobEnd(work);
  if (end) return endedUnsealed(record, work, end);
  return work.closedAt ? lost(record, lossOf(work)) : null;
}

function endedUnsealed(record: TaskRecord, work: JobRecord, end: JobEnd): Action {
  if (end.kind === 'limit') {
    const early = preparationLimit(end);
    return early ? { do: 'end', ...early } : { do: 'seal', end: `limit-${end.limit}` };
  }
  return lost(record, end.kind === 'lost' ? end : { ...lossOf(work), phase: 'work' });
}

function lost(record: TaskRecord, loss: Loss): Action {
  if (record.platformFailures < MAX_PLATFORM_FAILURES) return { do: 'restart-round' };
  const all = record.jobs.filter((job) => job.attempt === record.task.attempt && job.kind === 'work');
  const lostRounds = new Set(record.rounds.filter((round) => round.lost).map((round) => round.number));
  const before = all.filter((job) => lostRounds.has(job.round));
  return {
    do: 'end',
    ...lostTooOften({ before, last: loss, count: record.platformFailures + 1 }),
  };
}

/** The first change set that is neither empty nor the one judged last; what verify prepares hides behind the agent. */
function earlyVerify(record: TaskRecord, round: RoundRecord, moment: Moment): Action | null {
  const verify = roundJobs(record, 'verify').at(-1);
  if (verify) return verifyTrouble(record, verify, moment);
  if (!round.lastUploadDigest || !isNews(record, round.lastUploadDigest)) return null;
  return launchNew(record, moment, { kind: 'verify', number: 1, rank: PLACE_RANK.early });
}
