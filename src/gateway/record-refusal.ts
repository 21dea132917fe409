/**
 * Writes refusals into the audit: whose token, which path, and the reason that the answer did not carry. A sandbox that
 * asks the same forbidden thing without end fills neither the record nor the disk: repeats are only logged.
 */
import { appendAudit } from '../audit/append.ts';
import type { Log } from '../shared/log.ts';
import type { Db } from '../task/open-database.ts';
import type { Caller, TargetJob } from './identity.ts';

/** One refused call; `caller` is null where nobody knows whose token it was, and `target` is then the job it names. */
export interface RefusedCall {
  readonly caller: Caller | null;
  readonly target: TargetJob | null;
  readonly path: string;
  readonly reason: string;
}

/** Records one refusal; never throws, since the refusal itself must reach the caller. */
export type RecordRefusal = (refused: RefusedCall) => Promise<void>;

const MAX_PER_KIND = 5;
const MAX_PER_JOB = 100;
/** Strangers can name any job: they have an account of their own, so that they crowd out none of its own refusals. */
const MAX_PER_NAMED = 20;
const MAX_JOBS = 10_000;
const MAX_PATH = 200;

/** Builds the recorder; the counts of repeats live as long as the process. */
export function createRefusalRecorder(deps: { readonly db: Db; readonly log: Log }): RecordRefusal {
  const counts = new Map<string, number>();
  return async ({ caller, target, path: fullPath, reason }) => {
    const path = fullPath.slice(0, MAX_PATH);
    const job = caller ?? target;
    deps.log.warn({ job: job?.jobName, path, reason }, 'refused a call to the gateway');
    if (!job) return;
    const account = caller
      ? { name: job.jobName, most: MAX_PER_JOB }
      : { name: `? ${job.jobName}`, most: MAX_PER_NAMED };
    if (!mayRecord(counts, account, `${path} ${reason}`)) return;
    const data = { job: job.jobName, path, reason };
    try {
      await deps.db
        .transaction()
        .execute((trx) => appendAudit(trx, job.taskId, { type: 'gateway.refused', data }));
    } catch (error) {
      deps.log.error({ err: error, job: job.jobName }, 'could not record a refusal');
    }
  };
}

function mayRecord(
  counts: Map<string, number>,
  account: { readonly name: string; readonly most: number },
  kind: string,
): boolean {
  if (counts.size > MAX_JOBS * 2) counts.clear();
  const ofJob = counts.get(account.name) ?? 0;
  const key = `${account.name} ${kind}`;
  const ofKind = counts.get(key) ?? 0;
  if (ofJob >= account.most || ofKind >= MAX_PER_KIND) return false;
  counts.set(account.name, ofJob + 1);
  counts.set(key, ofKind + 1);
  return true;
}
