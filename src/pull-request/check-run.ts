/** The check run "Glovebox": title, summary and the sections Tests, Proof, Policy, Network, Cost, Provenance. */
import type { TaskCost } from '../ledger/task-cost.ts';
import type { Conclusion } from '../result/verdict.ts';
import { formatCents } from '../shared/money.ts';
import { type Annotation, annotations, annotationsNote } from './annotations.ts';
import { costSection, networkSection, policySection, provenanceSection } from './check-sections.ts';
import { formatDuration } from './format.ts';
import { furtherRoundSentence } from './further-round.ts';
import type { PublishFacts } from './publish-facts.ts';
import { proofSection, testsSection } from './test-sections.ts';
import { checkTitle } from './title.ts';
import { gatesSentence, verdictSentence } from './verdict-text.ts';

/** GitHub's bound for summary and text, in characters. */
export const MAX_CHECK_TEXT = 65_535;

/** What is sent as the check run's output, and its conclusion. */
export interface CheckRunContent {
  readonly conclusion: Conclusion;
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  readonly annotations: readonly Annotation[];
}

/** Builds the whole check run. `commit` is null where GitHub's answer about the signature is not there. */
export function checkRun(facts: PublishFacts, commit: { sha: string; verified: boolean }): CheckRunContent {
  const { verdict } = facts;
  const outcome = verdict.conclusion === 'success' ? 'Verified' : 'Needs a human';
  const missed = furtherRoundSentence(facts.plan.reason);
  const marked = annotations(verdict, facts.changeSet);
  const unverified = commit.verified ? '' : ' GitHub marks the commit as unverified, so the check run fails.';
  return {
    conclusion: commit.verified ? verdict.conclusion : 'failure',
    title: commit.verified
      ? checkTitle(verdict, facts.rounds, facts.cost.spentNanoUsd)
      : 'The commit is not verified by GitHub',
    summary: `**${commit.verified ? outcome : 'Errored'}**: ${verdictSentence(verdict, facts.rounds)}. ${gatesSentence(verdict)}. ${spentSentence(facts.cost)} of ${formatCents(facts.budgetNanoUsd)}, ${formatDuration(facts.totalMs)}.${missed === null ? '' : ` ${missed}`}${unverified}`,
    text: checkText(facts, commit, annotationsNote(marked)),
    annotations: marked.shown,
  };
}

/** `$0.63 (0.31, 0.17, 0.15)`: the sum, and where there were several rounds what each has cost. */
function spentSentence({ spentNanoUsd, byRound }: TaskCost): string {
  const rounds = Object.entries(byRound).toSorted(([a], [b]) => Number(a) - Number(b));
  const each = rounds.map(([, nanoUsd]) => formatCents(nanoUsd).slice(1)).join(', ');
  return `${formatCents(spentNanoUsd)}${rounds.length > 1 ? ` (${each})` : ''}`;
}

/** Sections in order; only test lists are cut to fit, never Policy or Cost. */
function checkText(
  facts: PublishFacts,
  commit: { sha: string; verified: boolean },
  note: string | null,
): string {
  const fixed = [
    ...(note === null ? [] : [note]),
    policySection(facts.verdict),
    networkSection(facts),
    costSection(facts),
    provenanceSection(facts, commit),
  ].join('\n\n');
  for (const maxRows of [1_000, 300, 100, 30, 10, 0]) {
    const text = [testsSection(facts.verdict, maxRows), proofSection(facts.verdict, maxRows), fixed].join(
      '\n\n',
    );
    if (text.length <= MAX_CHECK_TEXT) return text;
  }
  return fixed.slice(0, MAX_CHECK_TEXT);
}

/** The same content with every text redacted. */
export function redactCheckRun(content: CheckRunContent, redact: (text: string) => string): CheckRunContent {
  return {
    conclusion: content.conclusion,
    title: redact(content.title),
    summary: redact(content.summary),
    text: redact(content.text),
    annotations: content.annotations.map((one) => ({
      ...one,
      title: redact(one.title),
      message: redact(one.message),
    })),
  };
}
