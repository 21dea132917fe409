/**
 * Verifying: sealed, and waiting for the bundle. It is complete when the seal, the verify job's last upload and verify's
 * end are in the record. A verify job that our side lost is followed by another one on the same sealed change set.
 */
import type { JobRecord, TaskRecord } from '../task/record.ts';
import type { Action } from './action.ts';
import { roundJobs } from './current-round.ts';
import { failureOutcome, preparationLimit } from './failure-outcome.ts';
import { jobEnd, phaseEnded, verifyEnd } from './job-end.ts';

/** Verify jobs of one round, the first included. */
const MAX_VERIFY_JOBS = 3;

/** Null: wait for the verify job. */
export function decideVerifying(record: TaskRecord): Action | null {
  const verify = roundJobs(record, 'verify').at(-1);
  if (!verify) return { do: 'launch', kind: 'verify', number: 1 };
  if (isComplete(verify)) return { do: 'enter-judging' };
  return verifyTrouble(verify);
}

/** The cells are all there and verify is over; or its own limits ended it, and what there is is all there will be. */
function isComplete(verify: JobRecord): boolean {
  const end = verifyEnd(verify);
  if (verify.newResults) return end !== null && (verify.newResults.complete || end === 'limit');
  return verify.endedAt !== null && end === 'limit';
}

/** What goes wrong with a verify job, also beside the agent; null while all is well. */
export function verifyTrouble(verify: JobRecord): Action | null {
  const reported = verify.failure ? failureOutcome(verify.failure) : null;
  if (reported) return { do: 'end', ...reported };
  if (verify.closedAt && !verify.newResults) return replaceVerify(verify);
  if (!verify.launchedAt) return { do: 'launch', kind: 'verify', number: verify.number };
  const end = jobEnd(verify);
  const early = end?.kind === 'limit' ? preparationLimit(end) : null;
  if (early) return { do: 'end', ...early };
  return lostStep(verify) ?? tellStep(verify);
}

/**
 * Lost: verify ended by something else than its own limits before its last cell, or deliver ended without bringing the
 * rest. Closed first, so that nothing more of it counts. A job that its limits ended is never repeated.
 */
function lostStep(verify: JobRecord): Action | null {
  if (!isLost(verify)) return null;
  return verify.closedAt ? replaceVerify(verify) : { do: 'close-job', job: verify.name, reason: 'lost' };
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

function replaceVerify(verify: JobRecord): Action {
  if (verify.number < MAX_VERIFY_JOBS) return { do: 'launch', kind: 'verify', number: verify.number + 1 };
  const values = { count: verify.number, phase: 'verify' };
  return { do: 'end', outcome: 'errored', reason: { code: 'sandbox-lost', values, detail: null } };
}
