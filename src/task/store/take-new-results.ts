/** Takes a verify job's new cells: once, after its base results, for the sealed digest only. It is the job's last upload. */
import { appendAudit } from '../../audit/append.ts';
import type { NewResults } from '../../result/contract/cell.ts';
import { canonicalJson } from '../../shared/digest.ts';
import type { Db } from '../open-database.ts';
import type { LockedJob } from './check-phase.ts';
import { closeJob } from './close-job.ts';
import { putBlob } from './put-blob.ts';
import { sealedDigestOf } from './read-sealed.ts';
import { wakeTask } from './wake-task.ts';

/** Why results were not taken; nothing was written then. */
export type NewResultsEnd = 'taken' | 'no-base-results' | 'not-sealed' | 'other-digest' | 'taken-before';

/** Writes the results and closes the verify job. `job` is fresh from `readPhase`, whose locks hold. */
export async function takeNewResults(trx: Db, job: LockedJob, results: NewResults): Promise<NewResultsEnd> {
  if (job.baseResults === null) return 'no-base-results';
  if (job.newResults !== null) return 'taken-before';
  const sealed = await sealedDigestOf(trx, job);
  if (sealed === null || job.nothingComes) return 'not-sealed';
  if (sealed !== results.digest) return 'other-digest';
  const digest = await putBlob(trx, Buffer.from(canonicalJson(results)));
  await trx.updateTable('job').set({ new_results: digest }).where('name', '=', job.name).execute();
  await appendAudit(trx, job.taskId, {
    type: 'results.delivered',
    data: { job: job.name, which: 'new', digest },
  });
  await closeJob(trx, job.name, 'delivered');
  await wakeTask(trx, job.taskId);
  return 'taken';
}
