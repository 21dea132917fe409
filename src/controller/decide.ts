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
import { housekeeping } from './housekeeping.ts';
import type { Observation } from './observation.ts';

/** Failures in a row of one step that no waiting mends, after which the task ends. */
const MAX_FAILURES = 8;
/** How long one step may fail for reasons that pass (GitHub or the cluster away). */
const MAX_STEP_MS = 6 * 3_600_000;

/** `now` in Unix milliseconds, by the clock that also wrote the record's times (the database's). */
export function decide(record: TaskRecord, observation: Observation, now: number): Action {
  return (
    abortStep(record) ??
    stuckStep(record, now) ??
    stateStep(record, observation) ??
    housekeeping(record, now) ??
    waitStep(record)
  );
}

function stateStep(record: TaskRecord, observation: Observation): Action | null {
  const { state } = record.task;
  switch (state) {
    case 'accepted':
      return { do: 'pin' };
    case 'queued':
      return { do: 'start' };
    case 'working':
      return decideWorking(record, observation);
    case 'verifying':
      return decideVerifying(record);
    case 'judging':
      return decideJudging(record, observation);
    case 'publishing':
      return { do: 'publish' };
    case 'ended':
      return null;
    default:
      return state satisfies never;
  }
}

/** The record first, which cuts the calls; then the sandboxes; the outcome when nothing runs any more. */
function abortStep(record: TaskRecord): Action | null {
  const { task, jobs } = record;
  if (!task.abort || !isAbortable(task.state)) return null;
  const open = jobs.find((job) => !job.closedAt);
  if (open) return { do: 'close-job', job: open.name, reason: 'aborted' };
  const left = jobs.find((job) => !job.removedAt);
  if (left) return { do: 'remove-job', job: left.name };
  return { do: 'end', outcome: 'aborted', reason: null };
}

function stuckStep(record: TaskRecord, now: number): Action | null {
  const { task, failures } = record;
  if (task.state === 'ended') return null;
  const tooLong = failures > 0 && now - task.stateSince.getTime() > MAX_STEP_MS;
  if (failures < MAX_FAILURES && !tooLong) return null;
  const reason: Reason = { code: 'internal', values: { step: task.state, tries: failures }, detail: null };
  return { do: 'end', outcome: 'errored', reason };
}

function waitStep(record: TaskRecord): Action {
  const { task, jobs } = record;
  if (task.state === 'judging') return { do: 'wait', forMs: 500 }; // calls settle within moments, and nobody tells
  if (task.state !== 'ended') return { do: 'wait', forMs: 5_000 };
  const pending = jobs.some((job) => !job.removedAt || job.gitToken);
  return pending ? { do: 'wait', forMs: 1_000 } : { do: 'rest' };
}
