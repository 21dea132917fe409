/**
 * Puts a job into the record before anything of it exists outside, with the hashes of its phase tokens. A name is used
 * once; whoever comes second after a crash adds tokens of its own, since the first ones died with their process.
 */
import { appendAudit } from '../../audit/append.ts';
import type { Phase } from '../../result/contract/phase-spec.ts';
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../open-database.ts';
import { lockTask } from './lock-task.ts';

/** A job as the record takes it. `spec` is the pure JobSpec; `tokenHashes` one hash per phase that has a token. */
export interface NewJob {
  readonly name: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly round: number;
  readonly kind: 'work' | 'verify';
  readonly number: number;
  readonly spec: unknown;
  /** Where it takes a place; null on one machine. */
  readonly namespace?: string | null;
  readonly tokenHashes: Readonly<Partial<Record<Phase, string>>>;
}

/** True when the job is new. `trx` must be a transaction. Errors: `job-closed` when it exists and is over. */
export async function createJob(trx: Db, job: NewJob): Promise<boolean> {
  await lockTask(trx, job.taskId);
  const created = await insertJob(trx, job);
  if (!created) await refuseClosed(trx, job.name);
  const tokens = Object.entries(job.tokenHashes).map(([phase, hash]) => ({
    hash,
    phase,
    job_name: job.name,
  }));
  if (tokens.length > 0) await trx.insertInto('phase_token').values(tokens).execute();
  if (created) {
    const data = { job: job.name, kind: job.kind, number: job.number };
    await appendAudit(trx, job.taskId, { type: 'job.created', data });
  }
  return created;
}

async function insertJob(trx: Db, job: NewJob): Promise<boolean> {
  const row = await trx
    .insertInto('job')
    .values({
      name: job.name,
      task_id: job.taskId,
      attempt: job.attempt,
      round: job.round,
      kind: job.kind,
      number: job.number,
      spec: JSON.stringify(job.spec),
      namespace: job.namespace ?? null,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('name')
    .executeTakeFirst();
  return row !== undefined;
}

async function refuseClosed(trx: Db, name: string): Promise<void> {
  const job = await trx
    .selectFrom('job')
    .select('closed_at')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  if (!job.closed_at) return;
  throw new GloveboxError({
    code: 'job-closed',
    message: `Job '${name}' is closed in the record: expected an open one. A name is never used again.`,
  });
}
