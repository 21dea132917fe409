/** Takes a verify job's base results, once, before any byte of the change set is handed to that job. */
import { appendAudit } from '../../audit/append.ts';
import type { BaseResults } from '../../result/contract/cell.ts';
import { canonicalJson } from '../../shared/digest.ts';
import type { Db } from '../open-database.ts';
import type { LockedJob } from './check-phase.ts';
import { putBlob } from './put-blob.ts';
import { wakeTask } from './wake-task.ts';

/** `same`: these very results were taken before. `conflict`: others were; they stay. */
export type BaseResultsEnd = 'taken' | 'same' | 'conflict';

/** Writes the results where none stand. `job` is fresh from `readPhase`, whose locks hold. */
export async function takeBaseResults(
  trx: Db,
  job: LockedJob,
  results: BaseResults,
): Promise<BaseResultsEnd> {
  const digest = await putBlob(trx, Buffer.from(canonicalJson(results)));
  if (job.baseResults !== null) return job.baseResults === digest ? 'same' : 'conflict';
  await trx.updateTable('job').set({ base_results: digest }).where('name', '=', job.name).execute();
  await appendAudit(trx, job.taskId, {
    type: 'results.delivered',
    data: { job: job.name, which: 'base', digest },
  });
  await wakeTask(trx, job.taskId);
  return 'taken';
}
