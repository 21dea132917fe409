/** Reads the record that the controller decides on: task, rounds of the attempt, jobs. One statement, so one moment of it. */
import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { NewResults } from '../../result/contract/cell.ts';
import { PhaseFailure } from '../../result/contract/gateway-api.ts';
import { Verdict } from '../../result/verdict.ts';
import { Digest } from '../../shared/digest.ts';
import type { Db } from '../open-database.ts';
import { type JobRecord, type RoundRecord, SeenJob, type TaskRecord } from '../record.ts';
import { getBlob } from './get-blob.ts';
import { TASK_COLUMNS, taskOfRow } from './load-task.ts';

/** The record; null for an unknown task. What moves after it was read changes its version or epoch, and refuses the write. */
export async function loadRecord(db: Db, taskId: string): Promise<TaskRecord | null> {
  const row = await db
    .selectFrom('task')
    .select(TASK_COLUMNS)
    .select(['failures', 'failing_since', 'platform_failures', 'namespace', 'wait_rank'])
    .select(sql<Date>`now()`.as('read_at'))
    .select(sql<boolean>`coalesce(surface_due_at <= now(), false)`.as('surface_due'))
    .select(ROUNDS.as('rounds'))
    .select(JOBS.as('jobs'))
    .where('id', '=', taskId)
    .executeTakeFirst();
  if (!row) return null;
  return {
    task: taskOfRow(row),
    readAt: row.read_at,
    surfaceDue: row.surface_due,
    failures: row.failures,
    failingSince: row.failing_since,
    platformFailures: row.platform_failures,
    namespace: row.namespace,
    waiting: row.wait_rank === null ? null : { rank: row.wait_rank },
    rounds: z.array(RoundRow).parse(row.rounds),
    jobs: await Promise.all(
      z
        .array(JobRow)
        .parse(row.jobs)
        .map((job) => jobOfRow(db, job)),
    ),
  };
}

/** Of the current attempt, in order; the names are those of `RoundRecord`. */
const ROUNDS = allOf(
  sql`
    select number, resume_digest as "resumeDigest", follows_round as "followsRound", lost,
      last_upload_digest as "lastUploadDigest", sealed_digest as "sealedDigest", work_end as "workEnd", narrative, verdict,
      diff_digest as "diffDigest"
    from round where round.task_id = task.id and round.attempt = task.attempt
    order by number`,
);

/** Of all attempts, in order of their creation; the names are those of `JobRecord`. */
const JOBS = allOf(
  sql`
    select job.name, job.attempt, job.round, job.kind, job.number, job.phase, job.failure,
      job.verify_ended as "verifyEnded", job.nothing_comes as "nothingComes", job.base_results is not null as "baseResults",
      job.new_results as "newResults", round.sealed_digest as "sealedDigest", job.git_token is not null as "gitToken", job.revoke_at as "revokeAt",
      job.created_at as "createdAt", job.launched_at as "launchedAt", job.closed_at as "closedAt",
      job.ended_at as "endedAt", job.stop_asked_at as "stopAskedAt", job.removed_at as "removedAt",
      job.observation as seen, job.spec #>> '{pod,queue}' is not null as queued
    from job left join round
      on round.task_id = job.task_id and round.attempt = job.attempt and round.number = job.round
    where job.task_id = task.id
    order by job.created_at, job.number`,
);

function allOf(rows: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(select coalesce(json_agg(listed), '[]') from (${rows}) as listed)`;
}

const RoundRow = z.object({
  number: z.int(),
  resumeDigest: Digest.nullable(),
  followsRound: z.int().nullable(),
  lost: z.boolean(),
  lastUploadDigest: Digest.nullable(),
  sealedDigest: Digest.nullable(),
  workEnd: z.string().nullable(),
  narrative: z.string().nullable(),
  verdict: Verdict.nullable(),
  diffDigest: Digest.nullable(),
}) satisfies z.ZodType<RoundRecord>;

const Moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const JobRow = z.object({
  name: z.string(),
  attempt: z.int(),
  round: z.int(),
  kind: z.enum(['work', 'verify']),
  number: z.int(),
  phase: z.string().nullable(),
  failure: PhaseFailure.nullable(),
  verifyEnded: z.boolean(),
  nothingComes: z.boolean(),
  baseResults: z.boolean(),
  newResults: Digest.nullable(),
  sealedDigest: Digest.nullable(),
  gitToken: z.boolean(),
  revokeAt: Moment.nullable(),
  createdAt: Moment,
  launchedAt: Moment.nullable(),
  closedAt: Moment.nullable(),
  endedAt: Moment.nullable(),
  stopAskedAt: Moment.nullable(),
  removedAt: Moment.nullable(),
  seen: SeenJob.nullable(),
  queued: z.boolean(),
});

async function jobOfRow(db: Db, { sealedDigest, ...row }: z.infer<typeof JobRow>): Promise<JobRecord> {
  const newResults = row.newResults === null ? null : await newResultsOf(db, row.newResults, sealedDigest);
  return { ...row, newResults };
}

/** Null where they were delivered for another change set than the sealed one. */
async function newResultsOf(
  db: Db,
  stored: Digest,
  sealed: Digest | null,
): Promise<{ complete: boolean } | null> {
  const results = NewResults.parse(JSON.parse(Buffer.from(await getBlob(db, stored)).toString('utf8')));
  return results.digest === sealed ? { complete: results.complete } : null;
}
