/**
 * What a phase's reported failure means for its task: an end with its reason, or nothing (then the job counts as lost).
 * The sentence is made of the code, of numbers, and of what the attempt is pinned to; what the sandbox says in words is
 * the reason's detail, which is shown as a quote and nowhere else.
 */
import type { JobRecord } from '../task/record.ts';
import type { Outcome, Pin, Reason } from '../task/task.ts';
import type { JobEnd } from './job-end.ts';

/** An outcome with its reason. */
export interface Ending {
  readonly outcome: Outcome;
  readonly reason: Reason;
}

type Failure = NonNullable<JobRecord['failure']>;

/** What `fence-not-in-force` says is an address: `169.254.169.254:80`, `[fd00::1]:53 (name server)`. */
const ADDRESS = /^[\w.:[\]-]{1,120}(?: \(name server\))?$/;
/** A reason's detail; an output's last lines are cut before that. */
const MAX_DETAIL = 20_000;

/** Null for failures that are ours and may pass: `fetch-failed`, `internal`, and `limit` (the adapter knows better). */
export function failureOutcome(failure: Failure, pin: Pin | null): Ending | null {
  switch (failure.code) {
    case 'fence-not-in-force':
      return ending('errored', 'fence-not-in-force', failure, addressOf(failure));
    case 'credential-found':
      return ending('errored', 'credential-found', failure, {});
    case 'tree-unsupported':
      return ending('refused', 'tree-unsupported', failure, treeOf(failure, pin));
    case 'setup-failed':
      return ending('needs-human', 'setup-failed', failure, commandOf(failure, pin));
    case 'change-set-refused':
      return ending('needs-human', 'bundle-invalid', failure, {});
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
  const values = { limit: end.limit, phase: end.phase };
  return {
    outcome: code === 'setup-failed' ? 'needs-human' : 'refused',
    reason: { code, values, detail: null },
  };
}

type Values = Reason['values'];

function ending(outcome: Outcome, code: Reason['code'], failure: Failure, values: Values): Ending {
  const said = [failure.message, failure.outputTail ?? ''].filter((part) => part.trim() !== '');
  const detail = said.length === 0 ? null : said.join('\n\n').slice(0, MAX_DETAIL).toWellFormed();
  return { outcome, reason: { code, values, detail } };
}

function addressOf({ message }: Failure): Values {
  return ADDRESS.test(message) ? { address: message } : {};
}

/** What the template has is what the attempt was pinned to, not what the sandbox says of it. */
function treeOf({ facts }: Failure, pin: Pin | null): Values {
  if (!facts?.tree || !pin) return {};
  const { name, files, diskBytes } = pin.config.template;
  const { unit, needs } = facts.tree;
  return { unit, needs, has: unit === 'files' ? files : diskBytes, template: name };
}

/** The command is the pinned one at the reported place. `lines`: how many of its last ones are shown. */
function commandOf({ facts, outputTail }: Failure, pin: Pin | null): Values {
  const end = facts?.command;
  const command = end === undefined ? undefined : pin?.config.setup[end.index];
  if (end === undefined || command === undefined) return {};
  const how = end.limit === null ? { exit: end.exitCode ?? 'by a signal' } : { limit: end.limit };
  const lines = outputTail === null || outputTail === '' ? 0 : outputTail.split('\n').length;
  return { command, ...how, lines };
}
