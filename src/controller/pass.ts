/**
 * One pass over one task under its lease: observe, read, decide, apply, until there is nothing to do now; then the status
 * comment, then the lease goes back. A pass that dies anywhere is taken up by the next one.
 */
import { observeJobs } from '../job/observe.ts';
import { GloveboxError, hasCode } from '../shared/errors.ts';
import type { TaskRecord } from '../task/record.ts';
import type { Claimed } from '../task/store/claim-lease.ts';
import { loadRecord } from '../task/store/load-record.ts';
import { releaseLease } from '../task/store/release-lease.ts';
import { type Action, HOUSEKEEPING, IDLE } from './action.ts';
import { applyAction } from './apply.ts';
import type { StepDeps } from './controller-deps.ts';
import { holdLease, type Moment } from './hold-lease.ts';
import { nextAction } from './next-action.ts';
import type { Lease } from './ports.ts';
import { isOvertaken, isPassing } from './step-error.ts';
import { syncStatus } from './sync-status.ts';

/** Steps after which a pass lets other tasks have their turn; a task needs about ten from end to end. */
const MAX_STEPS = 40;

/** How a pass ended. `failures` goes into the record; `wakeAfterMs` null: nothing is left to do. */
interface PassEnd {
  readonly wakeAfterMs: number | null;
  readonly failures: number;
  /** The status comment is due, or may be. */
  readonly surface: boolean;
}

/**
 * `since` is a moment before the claim. Never throws: what goes wrong is logged once, here, and decides when the task is due
 * again.
 */
export async function runPass(deps: StepDeps, claimed: Claimed, since: Moment): Promise<void> {
  const log = deps.log.child({ taskId: claimed.taskId });
  try {
    const lease = holdLease(deps, claimed, since);
    const { surface, ...end } = await moveTask(deps, lease);
    if (surface) await syncStatus(deps, lease);
    await releaseLease(deps.db, { ...claimed, ...end });
  } catch (error) {
    const level = hasCode(error, 'lease-lost') ? 'info' : 'error';
    log[level]({ err: error }, 'pass ended early; the task is due again when its lease runs out');
  }
}

async function moveTask(deps: StepDeps, lease: Lease): Promise<PassEnd> {
  for (let steps = 0; steps < MAX_STEPS; steps += 1) {
    const end = await takeStep(deps, lease);
    if (end) return end;
  }
  return { wakeAfterMs: 0, failures: 0, surface: true };
}

/** One decision, applied; null: decide again. */
async function takeStep(deps: StepDeps, lease: Lease): Promise<PassEnd | null> {
  let record: TaskRecord | null = null;
  let action: Action | null = null;
  try {
    record = await readRecord(deps, lease.taskId);
    if (!record) return { wakeAfterMs: null, failures: 0, surface: false };
    refuseForeignEpoch(record, lease);
    action = await nextAction(deps.db, record, deps.settings.pods);
    const progress = await applyAction(deps, { record, lease }, action);
    logStep(deps, record, action);
    if (progress === 'go-on') return null;
    const surface = record.surfaceDue || !IDLE.has(action.do);
    return { ...progress, failures: 0, surface };
  } catch (error) {
    if (isOvertaken(error)) return null;
    if (hasCode(error, 'lease-lost')) throw error;
    return failed(deps, { error, record, action, taskId: lease.taskId });
  }
}

/** The record as it is once everything that the sandboxes show stands in it. */
async function readRecord(deps: StepDeps, taskId: string): Promise<TaskRecord | null> {
  const record = await loadRecord(deps.db, taskId);
  const moved = record !== null && (await look(deps, record));
  return moved ? loadRecord(deps.db, taskId) : record;
}

/** An adapter that does not answer says nothing about its jobs: the decision is made from what was seen before. */
async function look(deps: StepDeps, record: TaskRecord): Promise<boolean> {
  try {
    return await observeJobs(deps, record.jobs);
  } catch (error) {
    deps.log.warn(
      { err: error, taskId: record.task.id },
      'sandboxes cannot be observed; what was seen last counts',
    );
    return true; // some of them may have been written down
  }
}

interface Failed {
  readonly error: unknown;
  readonly record: TaskRecord | null;
  readonly action: Action | null;
  readonly taskId: string;
}

/** What passes by itself is tried again for hours; a defect a few times; tidying up for ever. */
function failed(deps: StepDeps, { error, record, action, taskId }: Failed): PassEnd {
  const before = record?.failures ?? 0;
  const failures = failuresAfter(before, { error, action });
  const since = action && HOUSEKEEPING.has(action.do) ? record?.task.stateSince : record?.failingSince;
  const lastedMs = record && since ? record.readAt.getTime() - since.getTime() : 0;
  const wakeAfterMs = backoffMs(deps.settings.retryMs, lastedMs, failures);
  const fields = { err: error, taskId, action: action?.do ?? 'read', failures, wakeAfterMs };
  deps.log.warn(fields, 'step failed and will be tried again');
  return { wakeAfterMs, failures, surface: true };
}

function failuresAfter(before: number, what: { error: unknown; action: Action | null }): number {
  if (what.action === null || HOUSEKEEPING.has(what.action.do)) return before;
  return isPassing(what.error) ? Math.max(1, before) : before + 1;
}

/** A quarter of the time that the step has failed (tidying up: that the state lasts), at most a minute: patient in an outage. */
function backoffMs(retryMs: number, lastedMs: number, failures: number): number {
  return Math.round(Math.min(60_000, Math.max(retryMs * 2 ** Math.min(failures, 6), lastedMs / 4)));
}

function refuseForeignEpoch(record: TaskRecord, lease: Lease): void {
  if (record.task.epoch === lease.epoch) return;
  throw new GloveboxError({
    code: 'lease-lost',
    message: `Task '${lease.taskId}' is at epoch ${record.task.epoch}, the lease at ${lease.epoch}: another holder has it. Stop.`,
    retry: true,
  });
}

function logStep(deps: StepDeps, record: TaskRecord, action: Action): void {
  if (IDLE.has(action.do)) return;
  const { id, state, attempt, round } = record.task;
  const fields = { taskId: id, state, attempt, round, action: action.do };
  deps.log.info(fields, 'step done');
}
