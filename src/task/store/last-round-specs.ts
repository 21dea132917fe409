/** The specs of a task's last round's jobs as they were launched: its work job and its verify jobs, in their order. */
import type { Db } from '../open-database.ts';

/** Parsed by the caller, as `StoredJobSpec`. Empty before the first job. */
export async function lastRoundSpecs(db: Db, taskId: string): Promise<readonly unknown[]> {
  const last = await db
    .selectFrom('job')
    .select(['attempt', 'round'])
    .where('task_id', '=', taskId)
    .orderBy('attempt', 'desc')
    .orderBy('round', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!last) return [];
  const jobs = await db
    .selectFrom('job')
    .select('spec')
    .where('task_id', '=', taskId)
    .where('attempt', '=', last.attempt)
    .where('round', '=', last.round)
    .orderBy('created_at')
    .execute();
  return jobs.map((job) => job.spec);
}
