/**
 * Which phase may say which failure: a code decides how a task ends, and the token of a phase is in the reach of whatever
 * runs in it. So a code counts only from a phase that has a use for it, and that no code of the agent's runs in by then.
 */
import type { PhaseFailure } from '../../result/contract/gateway-api.ts';
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { Db } from '../open-database.ts';

type Code = PhaseFailure['code'];

/** As the runner says them: the preflight is every phase's, the rest is one phase's own part. */
const SAID_BY: Readonly<Record<Phase, ReadonlySet<Code>>> = {
  fetch: new Set([
    'fence-not-in-force',
    'credential-found',
    'tree-unsupported',
    'fetch-failed',
    'limit',
    'internal',
  ]),
  setup: new Set(['credential-found', 'setup-failed', 'limit', 'internal']),
  work: new Set(['credential-found', 'change-set-refused', 'limit', 'internal']),
  verify: new Set(),
  deliver: new Set(['credential-found', 'limit', 'internal']),
};

/** One phase's report of one failure. */
export interface FailureReport {
  readonly taskId: string;
  readonly job: string;
  readonly phase: Phase;
  readonly code: Code;
}

/** False where the code is not that phase's to say, or no longer: the agent acts only once a model call was let through. */
export async function mayReport(trx: Db, { taskId, job, phase, code }: FailureReport): Promise<boolean> {
  if (!SAID_BY[phase].has(code)) return false;
  if (phase !== 'work' || code !== 'credential-found') return true;
  const call = await trx
    .selectFrom('ledger_row')
    .select('id')
    .where('task_id', '=', taskId)
    .where('job_name', '=', job)
    .limit(1)
    .executeTakeFirst();
  return call === undefined;
}
