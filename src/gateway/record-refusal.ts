/**
 * Writes refusals into the audit: whose token, which path, and the reason that the answer did not carry. A sandbox that
 * asks for forbidden things without end fills neither the record nor the disk, and hides nothing: of each kind the first is
 * always recorded, repeats a few times, the rest is only logged.
 */
import { appendAudit } from '../audit/append.ts';
import { GATEWAY_PATHS } from '../result/contract/gateway-api.ts';
import type { Log } from '../shared/log.ts';
import type { Db } from '../task/open-database.ts';
import type { Caller, TargetJob } from './identity.ts';

/** One refused call; `caller` is null where nobody knows whose token it was, and `target` is then the job it names. */
export interface RefusedCall {
  readonly caller: Caller | null;
  readonly target: TargetJob | null;
  readonly path: string;
  /** One of a fixed set of ours: with the path it is the refusal's kind. */
  readonly reason: string;
  /** What the caller could word at will, such as where in a body the schema did not hold; makes no kind of its own. */
  readonly detail?: string | null;
}

/** Records one refusal; never throws, since the refusal itself must reach the caller. */
export type RecordRefusal = (refused: RefusedCall) => Promise<void>;

const MAX_PER_KIND = 5;
/** Repeats end here; the first of a kind is recorded all the same, and kinds are finite. */
const MAX_PER_JOB = 100;
/** Strangers can name any job: they have an account of their own, so that they crowd out none of its own refusals. */
const MAX_PER_NAMED = 20;
const MAX_JOBS = 10_000;
const MAX_PATH = 200;
/** Whatever else is asked for is one kind: a caller can make up paths without end. */
const SERVED: ReadonlySet<string> = new Set([
  ...Object.values(GATEWAY_PATHS),
  `${GATEWAY_PATHS.git}/info/refs`,
  `${GATEWAY_PATHS.git}/git-upload-pack`,
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/models',
]);

/** Builds the recorder; the counts of repeats live as long as the process. */
export function createRefusalRecorder(deps: { readonly db: Db; readonly log: Log }): RecordRefusal {
  const counts = new Map<string, number>();
  return async (refused) => {
    const path = refused.path.slice(0, MAX_PATH);
    const job = refused.caller ?? refused.target;
    const reason = refused.detail ? `${refused.reason}: ${refused.detail}` : refused.reason;
    deps.log.warn({ job: job?.jobName, path, reason }, 'refused a call to the gateway');
    if (!job || !mayRecord(counts, accountOf(refused, job), kindOf(refused))) return;
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

interface Account {
  readonly name: string;
  /** After so many events repeats are not recorded any more. */
  readonly most: number;
}

function accountOf({ caller }: RefusedCall, { jobName }: TargetJob): Account {
  return caller ? { name: jobName, most: MAX_PER_JOB } : { name: `? ${jobName}`, most: MAX_PER_NAMED };
}

function kindOf({ path, reason }: RefusedCall): string {
  return `${SERVED.has(path) ? path : '(other)'} ${reason}`;
}

function mayRecord(counts: Map<string, number>, account: Account, kind: string): boolean {
  if (counts.size > MAX_JOBS * 2) counts.clear();
  const ofJob = counts.get(account.name) ?? 0;
  const key = `${account.name} ${kind}`;
  const ofKind = counts.get(key) ?? 0;
  if (ofKind > 0 && (ofJob >= account.most || ofKind >= MAX_PER_KIND)) return false;
  counts.set(account.name, ofJob + 1);
  counts.set(key, ofKind + 1);
  return true;
}
