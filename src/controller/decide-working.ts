/** Working: the round's work job runs until its seal; beside it the verify job is prepared as soon as there is something new. */
import type { JobRecord, RoundRecord, TaskRecord } from '../task/record.ts';
import type { Action } from './action.ts';
import { currentRound, isNews, roundJobs } from './current-round.ts';
import { verifyTrouble } from './decide-verifying.ts';
import { failureOutcome, preparationLimit } from './failure-outcome.ts';
import { type JobEnd, jobEnd } from './job-end.ts';
import type { Observation } from './observation.ts';

/** New rounds that one attempt gets for lost work jobs. */
const MAX_PLATFORM_FAILURES = 3;

/** Null: wait for the agent. */
export function decideWorking(record: TaskRecord, observation: Observation): Action | null {
  const round = currentRound(record);
  const work = roundJobs(record, 'work').at(-1);
  if (!round || !work) return { do: 'launch', kind: 'work', number: 1 };
  if (round.sealedDigest) {
    return { do: isNews(record, round.sealedDigest) ? 'enter-verifying' : 'skip-verify' };
  }
  return (
    workTrouble(record, work) ??
    (work.launchedAt ? null : launchWork()) ??
    earlyVerify(record, round, observation)
  );
}

function launchWork(): Action {
  return { do: 'launch', kind: 'work', number: 1 };
}

/** A reported failure or an end without a seal. */
function workTrouble(record: TaskRecord, work: JobRecord): Action | null {
  const reported = work.failure ? failureOutcome(work.failure) : null;
  if (reported) return { do: 'end', ...reported };
  const end = jobEnd(work);
  if (end) return endedUnsealed(record, end);
  return work.closedAt ? lost(record, 'work') : null;
}

function endedUnsealed(record: TaskRecord, end: JobEnd): Action {
  if (end.kind === 'limit') {
    const early = preparationLimit(end);
    return early ? { do: 'end', ...early } : { do: 'seal', end: `limit-${end.limit}` };
  }
  return lost(record, end.kind === 'lost' ? end.phase : 'work');
}

function lost(record: TaskRecord, phase: string): Action {
  if (record.platformFailures < MAX_PLATFORM_FAILURES) return { do: 'restart-round' };
  const values = { count: record.platformFailures + 1, phase };
  return { do: 'end', outcome: 'errored', reason: { code: 'sandbox-lost', values, detail: null } };
}

/** The first change set that is neither empty nor the one judged last; what verify prepares hides behind the agent. */
function earlyVerify(record: TaskRecord, round: RoundRecord, observation: Observation): Action | null {
  const verify = roundJobs(record, 'verify').at(-1);
  if (verify) return verifyTrouble(verify);
  if (!round.lastUploadDigest || !isNews(record, round.lastUploadDigest)) return null;
  return observation.sandboxRoom ? { do: 'launch', kind: 'verify', number: 1 } : null;
}
