/** The job that a token's audience names, together with what was proven of that token before, by any replica. */
import { sql } from 'kysely';
import { z } from 'zod';
import { Phase } from '../../result/contract/phase-spec.ts';
import { TaskId } from '../../shared/ids.ts';
import type { Db } from '../open-database.ts';

const NamedJob = z.object({
  name: z.string(),
  taskId: TaskId,
  attempt: z.int(),
  round: z.int(),
  kind: z.enum(['work', 'verify']),
  /** The namespace that the job's pod was made in; null for a job without a pod. */
  namespace: z.string().nullable(),
  boundUid: z.string().nullable(),
});
export type NamedJob = z.infer<typeof NamedJob>;

const ProvenToken = z.object({ phase: Phase, podUid: z.string(), expiresAt: z.date() });

/** A token that a cluster proved; `expiresAt` is its own end. */
export type ProvenToken = z.infer<typeof ProvenToken>;

/** Null for a name that no job has. `proven` is null for a token that nobody proved. */
export async function findNamedJob(
  db: Db,
  { jobName, hash }: { readonly jobName: string; readonly hash: string },
): Promise<{ readonly job: NamedJob; readonly proven: ProvenToken | null } | null> {
  const row = await db
    .selectFrom('job')
    .leftJoin('phase_token', (join) =>
      join.onRef('phase_token.job_name', '=', 'job.name').on('phase_token.hash', '=', hash),
    )
    .select([
      'job.name',
      'job.task_id as taskId',
      'job.attempt',
      'job.round',
      'job.kind',
      sql<unknown>`job.spec -> 'pod' ->> 'namespace'`.as('namespace'),
      'job.bound_uid as boundUid',
      'phase_token.phase',
      'phase_token.pod_uid as podUid',
      'phase_token.expires_at as expiresAt',
    ])
    .where('job.name', '=', jobName)
    .executeTakeFirst();
  if (!row) return null;
  const proven = row.podUid === null ? null : ProvenToken.parse(row);
  return { job: NamedJob.parse(row), proven };
}
