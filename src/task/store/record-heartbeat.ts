/** Keeps what a phase says about itself: for the status comment and the check run, always "as reported". */
import { sql } from 'kysely';
import type { z } from 'zod';
import { Heartbeat } from '../../result/contract/gateway-api.ts';
import type { Db } from '../open-database.ts';
import { mayReport } from './may-report.ts';
import { wakeTask } from './wake-task.ts';

/** `job.reported`: the last heartbeat, with the facts of all phases joined. */
const Reported = Heartbeat.omit({ failure: true });
type Reported = z.infer<typeof Reported>;

/**
 * Writes the heartbeat; an ended phase wakes the task. Of a job's failures the first one stays that its phase may report:
 * it can decide how the task ends. The caller holds the locks.
 */
export async function recordHeartbeat(
  trx: Db,
  job: { readonly name: string; readonly taskId: string },
  heartbeat: Heartbeat,
): Promise<void> {
  const row = await trx
    .selectFrom('job')
    .select(['reported', 'failure'])
    .where('name', '=', job.name)
    .executeTakeFirstOrThrow();
  const before = Reported.nullable().parse(row.reported);
  const { failure, ...said } = heartbeat;
  const report = { taskId: job.taskId, job: job.name, phase: heartbeat.phase };
  const counts =
    failure !== null && row.failure === null && (await mayReport(trx, { ...report, code: failure.code }));
  const reported: Reported = { ...said, facts: joinFacts(before?.facts ?? null, said.facts) };
  await trx
    .updateTable('job')
    .set({
      reported: JSON.stringify(reported),
      heartbeat_at: sql<Date>`now()`,
      ...(counts ? { failure: JSON.stringify(failure) } : {}),
    })
    .where('name', '=', job.name)
    .execute();
  if (heartbeat.state !== 'running') await wakeTask(trx, job.taskId);
}

function joinFacts(before: Reported['facts'], now: Reported['facts']): Reported['facts'] {
  if (!before || !now) return now ?? before;
  return {
    notLimited: [...new Set([...before.notLimited, ...now.notLimited])].slice(0, 10),
    copy: now.copy ?? before.copy,
    trackedFiles: now.trackedFiles ?? before.trackedFiles,
  };
}
