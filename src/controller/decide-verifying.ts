/**
 * Verifying: sealed, and waiting for the bundle. It is complete when the seal, the verify job's last upload and verify's
 * end are in the record. A verify job that our side lost is followed by another one on the same sealed change set.
 */
import { PLACE_RANK } from '../task/place-rank.ts';
import type { JobRecord, TaskRecord } from '../task/record.ts';
import type { Action } from './action.ts';
import { roundJobs } from './current-round.ts';
import { failureOutcome, preparationLimit } from './failure-outcome.ts';
import { jobEnd, lossOf, phaseEnded, verifyEnd } from './job-end.ts';
import { launchNew } from './launch-new.ts';
import type { Moment } from './observation.ts';
import { lostTooOften } from './platform-ending.ts';
import { stuckLoss, troubleEnding } from './trouble.ts';

/** Verify jobs of one round, the first included. */
const MAX_VERIFY_JOBS = 3;

/** Null: wait for the verify job. */
export function decideVerifying(record: TaskRecord, moment: Moment): Action | null {
  const verify = roundJobs(record, 'verify').at(-1);
  if (!verify) return launchNew(record, moment, { kind: 'verify', number: 1, rank: PLACE_RANK.sealed });
  if (isComplete(verify)) return { do: 'enter-judging' };
  return verifyTrouble(record, verify, moment);
}

/** The cells are all there and verify is over; or its own limits ended it, and what there is is all there will be. */
function isComplete(verify: JobRecord): boolean {
  const end = verifyEnd(verify);
  if (verify.newResults) return end !== null && (verify.newResults.complete || end === 'limit');
  return verify.endedAt !== null && end === 'limit';
}

/** What goes wrong with a verify job, also beside the agent; null while all is well. */
export function verifyTrouble(record: TaskRecord, verify: JobRecord, moment: Moment): Action | null {
  const wrong = reportedStep(record, verify) ?? platformStep(record, verify, moment.now);
  if (wrong) return wrong;
  if (verify.closedAt && !verify.newResults) return replaceVerify(record, verify, moment);
  if (!verify.launchedAt) return { do: 'launch', kind: 'verify', number: verify.number };
  const end = jobEnd(verify);
  const early = end?.kind === 'limit' ? preparationLimit(end) : null;
  if (early) return { do: 'end', ...early };
  return lostStep(record, verify, moment) ?? tellStep(verify);
}

function reportedStep({ task }: TaskRecord, { failure }: JobRecord): Action | null {
  const ending = failure ? failureOutcome(failure, task.pin) : null;
  return ending && { do: 'end', ...ending };
}

/**
 * Beside the agent nobody waits for the verify job: what the platform has against it may pass until the seal, and the three
 * verify jobs of a round are not used up.
 */
function platformStep(record: TaskRecord, verify: JobRecord, now: number): Action | null {
  if (record.task.state !== 'verifying') return null;
  const when = { now, since: record.task.stateSince.getTime() };
  if (!verify.closedAt && stuckLoss(verify, when)) {
    return { do: 'close-job', job: verify.name, reason: 'lost' };
  }
  const ending = troubleEnding(record, verify, when);
  return ending && { do: 'end', ...ending };
}

/**
 * Lost: verify ended by something else than its own limits before its last cell, or deliver ended without bringing the
 * rest. Closed first, so that nothing more of it counts. A job that its limits ended is never repeated.
 */
function lostStep(record: TaskRecord, verify: JobRecord, moment: Moment): Action | null {
  if (!isLost(verify)) return null;
  if (verify.closedAt) return replaceVerify(record, verify, moment);
  return { do: 'close-job', job: verify.name, reason: 'lost' };
}

function isLost(verify: JobRecord): boolean {
  const how = verifyEnd(verify);
  if (how === 'limit' || verify.newResults?.complete) return false;
  if (how === 'lost') return true;
  if (verify.newResults) return how === 'done';
  return verify.endedAt !== null || phaseEnded(verify, 'deliver');
}

/** Deliver hears that verify's limits ended it, brings what there is, and ends. */
function tellStep(verify: JobRecord): Action | null {
  if (verify.endedAt || verify.verifyEnded || verifyEnd(verify) !== 'limit') return null;
  return { do: 'tell-verify-ended', job: verify.name };
}

function replaceVerify(record: TaskRecord, verify: JobRecord, moment: Moment): Action | null {
  if (verify.number < MAX_VERIFY_JOBS) {
    const rank = record.task.state === 'verifying' ? PLACE_RANK.sealed : PLACE_RANK.early;
    return launchNew(record, moment, { kind: 'verify', number: verify.number + 1, rank });
  }
  const before = roundJobs(record, 'verify').filter((job) => job !== verify);
  return { do: 'end', ...lostTooOften({ before, last: lossOf(verify), count: verify.number }) };
}
