/** What a task waits for that no agent can hurry: its turn, a place for its sandbox, a node of the cluster. */

import { formatCents } from '../shared/money.ts';
import { codeSpan, cutLine, escapeLine } from './foreign-text.ts';
import { plural } from './format.ts';
import type { RunningTasks, StatusView } from './status-view.ts';

/** Of the platform's words so many characters. */
const MAX_WORDS = 300;

/** A task in the queue: its position, and what is full: its repository, its installation, this bot, its namespace. */
export function queuedText({ task, queue, place }: StatusView): string {
  if (!queue) return '**Queued**: nothing is spent while waiting.';
  const { owner, repo } = task.repo;
  const caps = [
    [`${owner}/${repo}`, queue.repository],
    [`everything of ${owner}`, queue.installation],
    ['the whole bot', queue.all],
  ] as const;
  const full = caps.flatMap(([who, tasks]) => (tasks.running >= tasks.limit ? [runsText(who, tasks)] : []));
  if (place && place.taken >= place.limit) full.push(placesText(place));
  const why = full.length > 0 ? full.join(' and ') : runsText(`${owner}/${repo}`, queue.repository);
  return `**Queued**: position ${queue.position} of ${queue.length}. ${why}; nothing is spent while waiting.`;
}

function runsText(who: string, { running, limit }: RunningTasks): string {
  return `${escapeLine(who)} runs ${running} of ${plural(limit, 'task')} at once`;
}

/** A task past the queue whose next sandbox has no place, or no node, yet; null where it waits for nothing. */
export function waitingText(view: StatusView): string | null {
  const why = whyWaiting(view);
  if (why === null) return null;
  if (view.calls === 0) return `**Queued**: ${why} Nothing is spent while waiting.`;
  const budget = view.budgetNanoUsd === null ? '' : ` of ${formatCents(view.budgetNanoUsd)}`;
  return `**Running**: ${why} ${formatCents(view.spentNanoUsd)}${budget}; nothing more is spent while waiting.`;
}

function whyWaiting({ place, held }: StatusView): string | null {
  if (place?.inLine) return `waits for a sandbox: ${placesText(place)}.`;
  if (held === null) return null;
  const minutes = Math.round(held.patienceMs / 60_000);
  const words = escapeLine(cutLine(held.message, MAX_WORDS));
  return held.why === 'not-started'
    ? `the cluster cannot start the sandbox yet: ${words} Another one is tried after ${minutes} min.`
    : `the cluster has no room for the sandbox yet: ${words} It is given up after ${minutes} min.`;
}

function placesText({ namespace, taken, limit }: NonNullable<StatusView['place']>): string {
  const where = namespace === null ? 'on this machine' : `in ${codeSpan(namespace)}`;
  return `${taken} of ${plural(limit, 'sandbox', 'sandboxes')} run ${where}`;
}
