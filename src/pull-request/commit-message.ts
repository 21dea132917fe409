/** The signed commit's message: our facts as trailers, no name of a person, nothing of the agent's words. */

import { plainLine } from './foreign-text.ts';
import { plural, shortHash } from './format.ts';
import type { PublishFacts } from './publish-facts.ts';
import { pullTitle } from './title.ts';

/**
 * Title, one line a check, trailers; after two empty lines `skip-checks: true` while the repository's CI waits for a
 * human (https://docs.github.com/en/actions/managing-workflow-runs/skipping-workflow-runs).
 */
export function commitMessage(facts: PublishFacts): string {
  const { task, verdict, pin } = facts;
  const kind = verdict.conclusion === 'success' ? 'verified' : 'attempt';
  const lines = [
    pullTitle({ number: task.issueNumber, title: facts.snapshot.title }, kind),
    '',
    ...checkLines(facts),
    '',
    `Glovebox-Task: ${task.id}`,
    `Glovebox-Attempt: ${task.attempt}`,
    `Glovebox-Round: ${facts.round}`,
    `Glovebox-Snapshot: ${facts.snapshotDigest}`,
    `Glovebox-Change-Set: ${facts.changeSetDigest}`,
    ...(facts.transcriptDigest ? [`Glovebox-Transcript: ${facts.transcriptDigest}`] : []),
    `Glovebox-Audit: ${facts.auditHead}`,
  ];
  if (pin.config.ci === 'after-approval') lines.push('', '', 'skip-checks: true');
  return `${lines.join('\n')}\n`;
}

function checkLines(facts: PublishFacts): string[] {
  return facts.verdict.checks.map((check) => {
    const run = plainLine(check.run).slice(0, 100);
    const base = check.base?.counts
      ? plural(check.base.counts.passed, 'passed', 'passed')
      : (check.base?.outcome ?? 'not run');
    const head = check.head?.counts
      ? plural(check.head.counts.passed, 'passed', 'passed')
      : (check.head?.outcome ?? 'not run');
    const failed = check.head?.counts?.failed ? `, ${check.head.counts.failed} failed` : '';
    return `${run}: ${base} on ${shortHash(facts.pin.baseSha)}, ${head}${failed} with this change.`;
  });
}
