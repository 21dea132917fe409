/**
 * The controller's one decision: from a task's record, what is to be done next. Pure and total: every state, every end of
 * a job, every answer of a verify job. First an abort, then the state's own step, then tidying up, else waiting.
 */
import type { TaskRecord } from '../task/record.ts';
import { isAbortable } from '../task/state-table.ts';
import type { Reason } from '../task/task.ts';
import type { Action } from './action.ts';
import { decideJudging } from './decide-judging.ts';
import { decideVerifying } from './decide-verifying.ts';
import { decideWorking } from './decide-working.ts';
import { keepJudged } from './fall-back.ts';
import { endJobs, housekeeping, nextRevocationMs } from './housekeeping.ts';
import type { Moment, Observation } from './observation.ts';

/** Failures in a row of one step that no waiting mends, after which the task ends. */
const MAX_FAILURES = 8;
/** How long one step may fail for reasons that pass (GitHub or the cluster away), from the first of its failures in a row. */
const MAX_STEP_MS = 6 * 3_600_000;
/** Between two looks at a task of which nothing was heard: what changes the record or a sandbox wakes it at once. */
const IDLE_LOOK_MS = 600_000;
/** Between two looks at a job that waits for the platform: its patience is counted. */
const PATIENCE_LOOK_MS = 30_000;
/** Between two looks at a sandbox that was asked to stop. */
const STOP_LOOK_MS = 1_000;
/** How long an abort waits to see its sandboxes end; the record has cut their calls already. */
const ABORT_PATIENCE_MS = 60_000;

/** `now` in Unix milliseconds, by the clock that also wrote the record's times (the database's). */
export function decide(record: TaskRecord, observation: Observation, now: number): Action {
  return (
    abortStep(record, now) ??
    keepJudged(record, stuckStep(record, now) ?? stateStep(record, { ...observation, now })) ??
    housekeeping(record, now) ??
    untilRevocation(record, waitStep(record), now)
  );
}

type Wait = Extract<Action, { do: 'wait' | 'rest' }>;

function stateStep(record: TaskRecord, moment: Moment): Action | null {
  const { state } = record.task;
  switch (state) {
    case 'accepted':
      return { do: 'pin' };
    case 'queued':
      return { do: 'start' };
    case 'working':
      return decideWorking(record, moment);
    case 'verifying':
      return decideVerifying(record, moment);
    case 'judging':
      return decideJudging(record, moment);
    case 'publishing':
      return { do: 'publish' };
    case 'ended':
      return null;
    default:
      return state satisfies never;
  }
}

/**
 * The record first, which cuts the calls; then all sandboxes are asked to stop; the outcome when nothing runs any more, or
 * when a sandbox takes too long over it: nothing of it counts, and housekeeping goes on.
 */
function abortStep(record: TaskRecord, now: number): Action | null {
  const { task, jobs } = record;
  if (!task.abort || !isAbortable(task.state)) return null;
  const open = jobs.find((job) => !job.closedAt);
  if (open) return { do: 'close-job', job: open.name, reason: 'aborted' };
  const left = jobs.some((job) => !job.removedAt);
  const patient = now - Date.parse(task.abort.at) < ABORT_PATIENCE_MS;
  if (left && patient) return endJobs(record, () => true, now) ?? { do: 'wait', forMs: STOP_LOOK_MS };
  return { do: 'end', outcome: 'aborted', reason: null };
}

function stuckStep(record: TaskRecord, now: number): Action | null {
  const { task, failures, failingSince } = record;
  if (task.state === 'ended') return null;
  const tooLong = failingSince !== null && now - failingSince.getTime() > MAX_STEP_MS;
  if (failures < MAX_FAILURES && !tooLong) return null;
  const reason: Reason = { code: 'internal', values: { step: task.state, tries: failures }, detail: null };
  return { do: 'end', outcome: 'errored', reason };
}

/** A token whose revocation was put off is looked at again when its time comes, also after the end. */
function untilRevocation(record: TaskRecord, wait: Wait, now: number): Wait {
  const forMs = nextRevocationMs(record, now);
  if (forMs === null) return wait;
  return { do: 'wait', forMs: wait.do === 'rest' ? forMs : Math.min(wait.forMs, forMs) };
}

function waitStep(record: TaskRecord): Wait {
  const { task, jobs } = record;
  if (task.state === 'judging') return { do: 'wait', forMs: 500 }; // calls settle within moments, and nobody tells
  if (jobs.some((job) => job.closedAt && !job.removedAt)) return { do: 'wait', forMs: STOP_LOOK_MS };
  if (task.state === 'ended') return { do: 'rest' };
  const waits = jobs.some((job) => !job.endedAt && job.seen?.state === 'waiting');
  return { do: 'wait', forMs: waits ? PATIENCE_LOOK_MS : IDLE_LOOK_MS };
}
