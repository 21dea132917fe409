/** Every job that may have something outside the record, with what was seen of it: one statement, for the resync. */
import type { Db } from '../open-database.ts';
import { SeenJob } from '../record.ts';

/** `outside`: launched and not over, so that the platform must know it. */
export interface PlacedJob {
  readonly name: string;
  readonly taskId: string;
  readonly outside: boolean;
  /** As it was seen last; null where it never was, or where what stands there is not ours to read. */
  readonly seen: SeenJob | null;
}

/** Jobs that were not removed. */
export async function placedJobs(db: Db): Promise<readonly PlacedJob[]> {
  const rows = await db
    .selectFrom('job')
    .select(['name', 'task_id', 'launched_at', 'ended_at', 'observation'])
    .where('removed_at', 'is', null)
    .execute();
  return rows.map((row) => ({
    name: row.name,
    taskId: row.task_id,
    outside: row.launched_at !== null && row.ended_at === null,
    seen: SeenJob.nullable().catch(null).parse(row.observation),
  }));
}
