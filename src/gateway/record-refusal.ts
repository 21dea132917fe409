/**
 * Writes refusals into the audit: whose token, which path, and the reason that the answer did not carry. A sandbox that
 * asks the same forbidden thing without end fills neither the record nor the disk: repeats are only logged.
 */
import { appendAudit } from '../audit/append.ts';
import type { Log } from '../shared/log.ts';
import type { Db } from '../task/open-database.ts';
import type { Caller } from './identity.ts';

/** One refused call; `caller` is null where nobody knows whose token it was. */
export interface RefusedCall {
  readonly caller: Caller | null;
  readonly path: string;
  readonly reason: string;
}

/** Records one refusal; never throws, since the refusal itself must reach the caller. */
export type RecordRefusal = (refused: RefusedCall) => Promise<void>;

const MAX_PER_KIND = 5;
const MAX_PER_JOB = 100;
const MAX_JOBS = 10_000;
const MAX_PATH = 200;

/** Builds the recorder; the counts of repeats live as long as the process. */
export function createRefusalRecorder(deps: { readonly db: Db; readonly log: Log }): RecordRefusal {
  const counts = new Map<string, number>();
  return async ({ caller, path: fullPath, reason }) => {
    const path = fullPath.slice(0, MAX_PATH);
    deps.log.warn({ job: caller?.jobName, path, reason }, 'refused a call to the gateway');
    if (!caller || !mayRecord(counts, caller.jobName, `${path} ${reason}`)) return;
    const data = { job: caller.jobName, path, reason };
    try {
      await deps.db
        .transaction()
        .execute((trx) => appendAudit(trx, caller.taskId, { type: 'gateway.refused', data }));
    } catch (error) {
      deps.log.error({ err: error, job: caller.jobName }, 'could not record a refusal');
    }
  };
}

function mayRecord(counts: Map<string, number>, jobName: string, kind: string): boolean {
  if (counts.size > MAX_JOBS * 2) counts.clear();
  const ofJob = counts.get(jobName) ?? 0;
  const key = `${jobName} ${kind}`;
  const ofKind = counts.get(key) ?? 0;
  if (ofJob >= MAX_PER_JOB || ofKind >= MAX_PER_KIND) return false;
  counts.set(jobName, ofJob + 1);
  counts.set(key, ofKind + 1);
  return true;
}
