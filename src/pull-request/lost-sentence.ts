/** What took the sandboxes of a task along, as a sentence that names what happened, how often and where. */
import type { Reason } from '../task/task.ts';
import { escapeLine } from './foreign-text.ts';

/** By `LostCause`; what the platform said nothing of is only "lost". */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['evicted', 'the node evicted the sandbox'],
  ['node-lost', 'the node went away'],
  ['pod-deleted', "somebody deleted the sandbox's pod"],
  ['start-failed', 'the sandbox could not be started'],
]);

/** For values `count`, `phase`, `cause` and `alike`, e.g. "the node went away 3 times in setup." */
export function lostSentence(values: Reason['values']): string {
  const what = WORDS.get(String(values['cause'])) ?? 'the sandbox was lost';
  const times = `${escapeLine(String(values['count'] ?? 'several'))} times`;
  const where = placeOf(String(values['phase'] ?? 'start'));
  if (values['alike'] !== 'no') return `${what} ${times} ${where}.`;
  return `the sandbox was lost ${times}; the last time, ${where}, ${what === 'the sandbox was lost' ? 'nobody said why' : what}.`;
}

function placeOf(phase: string): string {
  return phase === 'start' ? 'before its first phase' : `in ${escapeLine(phase)}`;
}
