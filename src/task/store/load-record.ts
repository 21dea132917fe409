/** Reads the record that the controller decides on: task, rounds of the attempt, jobs. Not a snapshot: writes are CAS. */
import { type Selectable, sql } from 'kysely';
import { z } from 'zod';
import { NewResults } from '../../result/contract/cell.ts';
import { PhaseFailure } from '../../result/contract/gateway-api.ts';
import { Verdict } from '../../result/verdict.ts';
import { Digest } from '../../shared/digest.ts';
import type { JobTable, RoundTable } from '../database.ts';
import type { Db } from '../open-database.ts';
import { type JobRecord, type RoundRecord, SeenJob, type TaskRecord } from '../record.ts';
import { getBlob } from './get-blob.ts';
import { taskOfRow } from './load-task.ts';

/**
 * The record. The task's row is read first: whatever moved since then changes its version or epoch, and refuses the write
 * that follows. Null for an unknown task.
 */
export async function loadRecord(db: Db, taskId: string): Promise<TaskRecord | null> {
  const row = await db
    .selectFrom('task')
    .selectAll()
    .select(sql<Date>`now()`.as('read_at'))
    .select(sql<boolean>`coalesce(surface_due_at <= now(), false)`.as('surface_due'))
    .where('id', '=', taskId)
    .executeTakeFirst();
  if (!row) return null;
  const task = taskOfRow(row);
  const [jobs, rounds] = await Promise.all([jobsOf(db, taskId), roundsOf(db, taskId, task.attempt)]);
  return {
    task,
    readAt: row.read_at,
    surfaceDue: row.surface_due,
    failures: row.failures,
    platformFailures: row.platform_failures,
    namespace: row.namespace,
    waiting: row.wait_rank === null ? null : { rank: row.wait_rank },
    rounds,
    jobs,
  };
}

async function roundsOf(db: Db, taskId: string, attempt: number): Promise<RoundRecord[]> {
  const rows = await db
    .selectFrom('round')
    .selectAll()
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .orderBy('number')
    .execute();
  return rows.map(roundOfRow);
}

async function jobsOf(db: Db, taskId: string): Promise<JobRecord[]> {
  const rows = await db
    .selectFrom('job')
    .leftJoin('round', (join) =>
      join
        .onRef('round.task_id', '=', 'job.task_id')
        .onRef('round.attempt', '=', 'job.attempt')
        .onRef('round.number', '=', 'job.round'),
    )
    .selectAll('job')
    .select('round.sealed_digest as sealed_digest')
    .where('job.task_id', '=', taskId)
    .orderBy('job.created_at')
    .orderBy('job.number')
    .execute();
  const jobs: JobRecord[] = [];
  for (const row of rows) jobs.push(await jobOfRow(db, row));
  return jobs;
}

function roundOfRow(row: Selectable<RoundTable>): RoundRecord {
  return {
    number: row.number,
    resumeDigest: Digest.nullable().parse(row.resume_digest),
    followsRound: row.follows_round,
    lost: row.lost,
    lastUploadDigest: Digest.nullable().parse(row.last_upload_digest),
    sealedDigest: Digest.nullable().parse(row.sealed_digest),
    workEnd: row.work_end,
    narrative: row.narrative,
    verdict: Verdict.nullable().parse(row.verdict),
  };
}

type JobRow = Selectable<JobTable> & { readonly sealed_digest: string | null };

async function jobOfRow(db: Db, row: JobRow): Promise<JobRecord> {
  return {
    name: row.name,
    attempt: row.attempt,
    round: row.round,
    kind: row.kind === 'work' ? 'work' : 'verify',
    number: row.number,
    phase: row.phase,
    failure: PhaseFailure.nullable().parse(row.failure),
    verifyEnded: row.verify_ended,
    nothingComes: row.nothing_comes,
    baseResults: row.base_results !== null,
    newResults: await newResultsOf(db, row),
    gitToken: row.git_token !== null,
    createdAt: row.created_at,
    launchedAt: row.launched_at,
    closedAt: row.closed_at,
    endedAt: row.ended_at,
    stopAskedAt: row.stop_asked_at,
    removedAt: row.removed_at,
    seen: SeenJob.nullable().parse(row.observation),
    queued: Queued.parse(row.spec).pod?.queue != null,
  };
}

/** The one part of a stored job spec that a decision needs. */
const Queued = z.object({ pod: z.object({ queue: z.string().nullable() }).nullish() });

async function newResultsOf(db: Db, row: JobRow): Promise<{ complete: boolean } | null> {
  if (!row.new_results) return null;
  const bytes = await getBlob(db, Digest.parse(row.new_results));
  const results = NewResults.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  return results.digest === row.sealed_digest ? { complete: results.complete } : null;
}
