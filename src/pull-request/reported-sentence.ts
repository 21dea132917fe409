/** Sentences about what a sandbox reported: of numbers and pinned values alone. What it says in words is in the fold. */
import type { Reason } from '../task/task.ts';
import { codeSpan, escapeLine } from './foreign-text.ts';
import { groupDigits, plural } from './format.ts';

type Values = Reason['values'];

/** Ends a sentence whose words the sandbox would have; `reason-detail.ts` heads them. */
export const REPORTED_BELOW = 'what the sandbox reported is below.';

/** For values `unit`, `needs`, `has` and `template`: "the base needs 6.1 GB, template `node-24` has 4.0 GB." */
export function treeSentence(values: Values): string {
  if (values['limit'] !== undefined) return limitSentence(values);
  const { unit, needs, has } = values;
  if (typeof needs !== 'number' || typeof has !== 'number')
    return `the base is more than its template has room for; ${REPORTED_BELOW}`;
  const amount = (count: number) => (unit === 'files' ? `${groupDigits(count)} files` : gigabytes(count));
  return `the base needs ${amount(needs)}, template ${codeSpan(String(values['template'] ?? ''))} has ${amount(has)}.`;
}

/** For values `command`, `exit` or `limit`, and `lines`: "`npm ci` exited 1 in setup; last 20 lines below." */
export function setupSentence(values: Values): string {
  const { command, exit, limit, lines } = values;
  if (command === undefined)
    return limit === undefined ? `a command of setup failed; ${REPORTED_BELOW}` : limitSentence(values);
  const how =
    limit === undefined ? `exited ${escapeLine(String(exit))}` : `was ended (${escapeLine(String(limit))})`;
  const below =
    typeof lines === 'number' && lines > 0 ? `last ${plural(lines, 'line')} below.` : 'no output was kept.';
  return `${codeSpan(String(command))} ${how} in setup; ${below}`;
}

function limitSentence({ phase, limit }: Values): string {
  return `${escapeLine(String(phase))} reached its ${escapeLine(String(limit))} limit.`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
