/** What the sandbox says about itself, for the check run: counted and named, and marked as reported. Nothing rests on it. */
import type { PhaseFacts } from '../result/contract/gateway-api.ts';
import { codeSpan } from './foreign-text.ts';
import { formatDuration, plural } from './format.ts';
import type { PublishFacts } from './publish-facts.ts';

/** Paths that are named; the others are counted. */
const MAX_NAMED = 10;
/** The wire form names so many at most. */
const MAX_CARRIED = 50;

/** `Reported by the sandbox: ...`, one sentence. */
export function reportedSentence({ changeSet, reported }: PublishFacts): string {
  const parts = [
    ...basis(reported),
    changeSet.ignoredFiles === 0
      ? 'no new ignored file'
      : `${plural(changeSet.ignoredFiles, 'new ignored file')} left out of the change set`,
    altered(changeSet.setupAltered),
  ];
  return `Reported by the sandbox: ${parts.join('; ')}.`;
}

function basis(reported: PhaseFacts | null): string[] {
  if (!reported) return [];
  const { trackedFiles, copy } = reported;
  return [
    ...(trackedFiles === null ? [] : [plural(trackedFiles, 'tracked file')]),
    ...(copy === null ? [] : [`copied by ${copy.method} in ${formatDuration(copy.ms)}`]),
  ];
}

/** A setup that rewrites tracked files makes the checks run on something else than the commit: that has to be seen. */
function altered(paths: readonly string[]): string {
  if (paths.length === 0) return 'setup altered no tracked file';
  const count = `${paths.length >= MAX_CARRIED ? 'at least ' : ''}${plural(paths.length, 'tracked file')}`;
  const named = paths.slice(0, MAX_NAMED).map(codeSpan).join(', ');
  const more = paths.length > MAX_NAMED ? ` and ${paths.length - MAX_NAMED} more` : '';
  return `setup altered ${count}, which the change set leaves as on the base: ${named}${more}`;
}
