/** What a phase's reported failure means for its task: an end with its reason, or nothing (then the job counts as lost). */
import type { JobRecord } from '../task/record.ts';
import type { Outcome, Reason } from '../task/task.ts';
import type { JobEnd } from './job-end.ts';

/** An outcome with its reason. */
export interface Ending {
  readonly outcome: Outcome;
  readonly reason: Reason;
}

type Failure = NonNullable<JobRecord['failure']>;

/** Null for failures that are ours and may pass: `fetch-failed`, `internal`, and `limit` (the adapter knows better). */
export function failureOutcome(failure: Failure): Ending | null {
  switch (failure.code) {
    case 'fence-not-in-force':
    case 'credential-found':
      return ending('errored', failure.code, failure);
    case 'tree-unsupported':
      return ending('refused', 'tree-unsupported', failure);
    case 'setup-failed':
      return ending('needs-human', 'setup-failed', failure);
    case 'change-set-refused':
      return ending('needs-human', 'bundle-invalid', failure);
    case 'fetch-failed':
    case 'limit':
    case 'internal':
      return null;
    default:
      return failure.code satisfies never;
  }
}

/** Limits of fetch or setup: the repository asks for more than its template has. */
export function preparationLimit(end: Extract<JobEnd, { kind: 'limit' }>): Ending | null {
  if (end.phase !== 'fetch' && end.phase !== 'setup') return null;
  const code = end.phase === 'fetch' ? 'tree-unsupported' : 'setup-failed';
  const values = {
    message: `${end.phase} reached its ${end.limit} limit`,
    limit: end.limit,
    phase: end.phase,
  };
  return {
    outcome: code === 'setup-failed' ? 'needs-human' : 'refused',
    reason: { code, values, detail: null },
  };
}

function ending(outcome: Outcome, code: Reason['code'], failure: Failure): Ending {
  const values = { message: failure.message, address: failure.message, place: failure.message };
  return { outcome, reason: { code, values, detail: failure.outputTail } };
}
