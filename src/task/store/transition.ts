/**
 * The one statement that changes a task's state: compare-and-set on version and epoch, with its audit event in the same
 * transaction, and with what follows from every change (the status comment is due, failed tries start anew). Nobody is woken:
 * the controller alone changes states, in a pass that decides again.
 */
import { type RawBuilder, sql } from 'kysely';
import { appendAudit } from '../../audit/append.ts';
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../open-database.ts';
import { type Actor, assertStep } from '../state-table.ts';
import type { Outcome, Reason, TaskState } from '../task.ts';

/** The row as the caller read it; another version or epoch refuses the step. */
export interface SeenTask {
  readonly id: string;
  readonly state: TaskState;
  readonly version: number;
  readonly epoch: number;
}

/** What changes with the state. `end` exactly when `to` is `ended`; `set` is for columns of the step itself. */
export interface StateChange {
  readonly to: TaskState;
  readonly by: Actor;
  readonly end?: { readonly outcome: Outcome; readonly reason: Reason | null };
  readonly set?: Readonly<
    Partial<{
      pin: string;
      round: number;
      publish_plan: string | null;
      branch: string | null;
      commit_sha: string | null;
      pull_number: number | null;
      namespace: string | null;
      wait_rank: number;
      wait_since: RawBuilder<Date>;
    }>
  >;
}

/**
 * Makes the step; answers with the row's new version. `trx` must be a transaction.
 * Errors: `record-moved` (retry: load again), `transition-refused` (a defect).
 */
export async function transition(trx: Db, task: SeenTask, change: StateChange): Promise<number> {
  assertStep(task.state, change.to, change.by);
  const row = await trx
    .updateTable('task')
    .set({
      wait_rank: null, // the line was for the state before
      wait_since: null,
      ...change.set,
      state: change.to,
      state_since: sql<Date>`now()`,
      version: sql<number>`version + 1`,
      failures: 0,
      failing_since: null,
      surface_due_at: sql<Date>`now()`,
      ...endColumns(change),
    })
    .where('id', '=', task.id)
    .where('state', '=', task.state)
    .where('version', '=', task.version)
    .where('epoch', '=', task.epoch)
    .returning('version')
    .executeTakeFirst();
  if (!row) throw recordMoved(task);
  await appendAudit(trx, task.id, {
    type: 'task.state',
    data: {
      from: task.state,
      to: change.to,
      outcome: change.end?.outcome ?? null,
      reason: change.end?.reason?.code ?? null,
    },
  });
  return row.version;
}

function endColumns(change: StateChange): object {
  if (change.to !== 'ended') return {};
  if (!change.end) {
    throw new GloveboxError({
      code: 'transition-refused',
      message: `Refused to end a task without an outcome: expected one in 'end'. This is a defect.`,
    });
  }
  return {
    outcome: change.end.outcome,
    reason: change.end.reason === null ? null : JSON.stringify(change.end.reason),
    ended_at: sql<Date>`now()`,
  };
}

function recordMoved(task: SeenTask): GloveboxError {
  return new GloveboxError({
    code: 'record-moved',
    message: `Task '${task.id}' is no longer in '${task.state}' at version ${task.version}, epoch ${task.epoch}: somebody else moved it. Load it again.`,
    retry: true,
  });
}
