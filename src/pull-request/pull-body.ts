/** The pull request's text: outcome first, a table of checks, policy, the agent's words quoted, what can be done next. */
import type { CheckVerdict } from '../result/verdict.ts';
import { formatCents } from '../shared/money.ts';
import { agentQuote, codeSpan } from './foreign-text.ts';
import { formatDuration, plural, shortHash } from './format.ts';
import { furtherRoundSentence } from './further-round.ts';
import type { PublishFacts } from './publish-facts.ts';
import { setAnew } from './reason-text.ts';
import { gatesSentence, verdictSentence } from './verdict-text.ts';

const MAX_NARRATIVE = 4_000;

/** Body without its marker. `commit` is the published one; where GitHub does not verify it, nothing here says Verified or closes. */
export function pullBody(
  facts: PublishFacts,
  commit: { readonly sha: string; readonly verified: boolean },
): string {
  const { verdict, task } = facts;
  const verified = verdict.conclusion === 'success' && commit.verified;
  const missed = furtherRoundSentence(facts.plan.reason);
  return [
    `**${outcomeOf(verified, commit)}**: ${unsigned(commit)}${verdictSentence(verdict, facts.rounds)}. ${formatCents(facts.cost.spentNanoUsd)} of ${formatCents(facts.budgetNanoUsd)}, ${formatDuration(facts.totalMs)}.`,
    ...(missed === null ? [] : ['', missed]),
    '',
    `|Check|Base \`${shortHash(facts.pin.baseSha)}\`|Head \`${shortHash(commit.sha)}\`|`,
    '|---|---|---|',
    ...verdict.checks.map(checkRow),
    '',
    `Policy: ${gatesSentence(verdict)}. ${plural(verdict.stat.files, 'file')}, +${verdict.stat.added} -${verdict.stat.removed}. Evidence: check run Glovebox on the head commit.`,
    '',
    ...(facts.narrative ? [agentQuote(facts.narrative, MAX_NARRATIVE), ''] : []),
    ciSentence(facts),
    '',
    `Next: review it. To start over on a new branch, ${setAnew(facts.pin.config.label)} on the issue. Glovebox never merges.`,
    '',
    `${verified ? 'Closes' : 'Refs'} #${task.issueNumber}`,
  ].join('\n');
}

function outcomeOf(verified: boolean, commit: { readonly verified: boolean }): string {
  if (!commit.verified) return 'Errored';
  return verified ? 'Verified' : 'Needs a human';
}

function unsigned(commit: { readonly sha: string; readonly verified: boolean }): string {
  return commit.verified
    ? ''
    : `GitHub marks \`${shortHash(commit.sha)}\` as unverified; the check run fails. The checks alone: `;
}

function checkRow(check: CheckVerdict): string {
  return `|${codeSpan(check.run)}|${cell(check.base)}|${cell(check.head)}|`;
}

function cell(summary: CheckVerdict['base']): string {
  if (!summary) return 'not run';
  const { counts } = summary;
  if (!counts) return summary.outcome;
  return counts.failed > 0 ? `${counts.passed} passed, ${counts.failed} failed` : `${counts.passed} passed`;
}

function ciSentence(facts: PublishFacts): string {
  return facts.pin.config.ci === 'after-approval'
    ? "The repository's own CI has not run: a commit pushed to this branch by someone with write starts it."
    : "CI runs at once here, by the admin's choice `ci: at-once`.";
}
