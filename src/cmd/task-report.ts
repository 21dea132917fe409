/** Everything that `glovebox task show` prints, read from the record once; plain data for the pure renderers beside it. */
import { type ChainState, verifyChain } from '../audit/verify-chain.ts';
import { type CallReport, readCalls } from '../ledger/spent-report.ts';
import type { Db } from '../task/open-database.ts';
import type { JobRecord, RoundRecord, TaskRecord } from '../task/record.ts';
import { loadRecord } from '../task/store/load-record.ts';
import type { Task } from '../task/task.ts';

/** One phase that ran, as seen from outside; milliseconds, null while it runs. */
export interface PhaseTime {
  readonly round: number;
  readonly job: 'work' | 'verify';
  readonly phase: string;
  readonly startedAt: Date;
  readonly ms: number | null;
  /** How it ended where it did not complete. */
  readonly end: string | null;
}

export interface TaskReport {
  readonly task: Task;
  readonly rounds: readonly RoundRecord[];
  readonly phases: readonly PhaseTime[];
  readonly calls: readonly CallReport[];
  /** Settled rows only. */
  readonly spentNanoUsd: bigint;
  readonly publishingSince: Date | null;
  readonly chain: ChainState;
}

/** Null for an unknown task. */
export async function readTaskReport(db: Db, taskId: string): Promise<TaskReport | null> {
  const record = await loadRecord(db, taskId);
  if (!record) return null;
  const calls = await readCalls(db, taskId);
  const settled = calls.filter((call) => call.state === 'exact' || call.state === 'bounded');
  return {
    task: record.task,
    rounds: record.rounds,
    phases: phaseTimes(record),
    calls,
    spentNanoUsd: settled.reduce((sum, call) => sum + call.nanoUsd, 0n),
    publishingSince: await publishingSince(db, taskId),
    chain: await verifyChain(db, taskId, await lastHead(db, taskId)),
  };
}

/** The head that the installation's chain took when the task ended; an event cut off after it would not be missed else. */
async function lastHead(db: Db, taskId: string): Promise<string | null> {
  const row = await db
    .selectFrom('installation_audit')
    .select('head')
    .where('task_id', '=', taskId)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.head ?? null;
}

/** The phases of the attempt in the order of their beginnings. */
function phaseTimes({ task, jobs }: TaskRecord): PhaseTime[] {
  return jobs
    .filter((job) => job.attempt === task.attempt)
    .flatMap(phasesOf)
    .toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
}

function phasesOf(job: JobRecord): PhaseTime[] {
  const { round, kind } = job;
  return (job.seen?.phases ?? []).flatMap(({ phase, startedAt, endedAt, reason }) => {
    if (startedAt === null) return [];
    const ms = endedAt === null ? null : endedAt - startedAt;
    const end = reason === 'completed' ? null : reason;
    return [{ round, job: kind, phase, startedAt: new Date(startedAt), ms, end }];
  });
}

/** When the task's pull request began to be made; null where none was. */
export async function publishingSince(db: Db, taskId: string): Promise<Date | null> {
  const row = await db
    .selectFrom('audit_event')
    .select('at')
    .where('task_id', '=', taskId)
    .where('type', '=', 'task.state')
    .where((eb) => eb.fn<string>('jsonb_extract_path_text', ['data', eb.val('to')]), '=', 'publishing')
    .orderBy('seq', 'desc')
    .executeTakeFirst();
  return row?.at ?? null;
}
