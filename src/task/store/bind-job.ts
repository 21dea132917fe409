/** Binds a job to the first pod that takes its spec: a Kubernetes Job may start two, and only one may speak for it. */
import type { Db } from '../open-database.ts';

/**
 * Writes the pod's uid where none stands. True: the job is bound to this pod now; false: another was first. Call it after
 * `readPhase` answered `pod-unbound`, which holds the locks.
 */
export async function bindJob(trx: Db, jobName: string, podUid: string): Promise<boolean> {
  await trx
    .updateTable('job')
    .set({ bound_uid: podUid })
    .where('name', '=', jobName)
    .where('bound_uid', 'is', null)
    .where('closed_at', 'is', null)
    .execute();
  const row = await trx
    .selectFrom('job')
    .select('bound_uid')
    .where('name', '=', jobName)
    .executeTakeFirstOrThrow();
  return row.bound_uid === podUid;
}
