/** The check run's sections Policy, Network, Cost and Provenance. */
import type { CostLine, TaskCost } from '../ledger/task-cost.ts';
import type { GateResult, Verdict } from '../result/verdict.ts';
import { formatCents, formatMicro } from '../shared/money.ts';
import { codeSpan, cutLine, escapeLine } from './foreign-text.ts';
import { formatDuration, groupDigits, plural } from './format.ts';
import type { PublishFacts } from './publish-facts.ts';
import { reportedSentence } from './reported-section.ts';
import { gatesSentence } from './verdict-text.ts';

const MAX_FINDINGS = 40;

/** Each gate that saw something, and the names of those that did not. */
export function policySection(verdict: Verdict): string {
  const saw = verdict.gates.filter((gate) => gate.findings.length > 0);
  if (saw.length === 0)
    return `## Policy\n${gatesSentence(verdict)}: ${verdict.gates.map((gate) => gate.gate).join(', ')}.`;
  const findings = saw.flatMap(gateRows);
  const rest = verdict.gates.length - saw.length;
  return [
    '## Policy',
    `${gatesSentence(verdict)}.`,
    '',
    '|Gate|Saw|Effect|',
    '|---|---|---|',
    ...findings.slice(0, MAX_FINDINGS),
    ...(findings.length > MAX_FINDINGS
      ? [`|more|${findings.length - MAX_FINDINGS} further findings|in the record|`]
      : []),
    ...(rest > 0 ? [`|other ${rest}|nothing|pass|`] : []),
  ].join('\n');
}

function gateRows(gate: GateResult): string[] {
  return gate.findings.map((finding) => {
    const where =
      finding.path === null
        ? ''
        : `${codeSpan(finding.path)}${finding.line === null ? '' : `, line ${finding.line}`}, `;
    return `|${gate.gate}|${where}${cutLine(escapeLine(finding.saw), 200)}|${finding.effect}|`;
  });
}

/** What the sandbox enforced, and what it did not limit. */
export function networkSection(facts: PublishFacts): string {
  const unlimited =
    facts.notLimited.length === 0
      ? ''
      : ` Not limited by this system: ${facts.notLimited.map(escapeLine).join(', ')}.`;
  return `## Network\nwork, verify: ${facts.network}.${unlimited}`;
}

/** Tokens and their real cost from settled rows. */
export function costSection(facts: PublishFacts): string {
  const { cost } = facts;
  const row = (name: string, line: CostLine): string[] =>
    line.tokens === 0 && line.nanoUsd === 0n
      ? []
      : [`|${name}|${groupDigits(line.tokens)}|${formatMicro(line.nanoUsd)}|`];
  return [
    '## Cost',
    '|Tokens|Count|USD|',
    '|---|---|---|',
    ...row('Input', cost.input),
    ...row('Cache write, 5 min', cost.cacheWrite5m),
    ...row('Cache write, 1 h', cost.cacheWrite1h),
    ...row('Cache read', cost.cacheRead),
    ...row('Output', cost.output),
    `|All, ${plural(cost.calls, 'call')}|${groupDigits(totalTokens(cost))}|${formatMicro(cost.spentNanoUsd)}|`,
    '',
    costSentence(cost),
  ].join('\n');
}

/** All tokens of a task's calls. */
export function totalTokens(cost: TaskCost): number {
  return [cost.input, cost.cacheWrite5m, cost.cacheWrite1h, cost.cacheRead, cost.output].reduce(
    (sum, line) => sum + line.tokens,
    0,
  );
}

function costSentence(cost: TaskCost): string {
  const saved = cost.withoutCacheNanoUsd - cost.spentNanoUsd;
  const cache =
    saved > 0n
      ? ` Without the cache: ${formatMicro(cost.withoutCacheNanoUsd)}, saved ${formatMicro(saved)}.`
      : '';
  const bounded =
    cost.boundedRows > 0
      ? ` ${plural(cost.boundedRows, 'call')} without final usage, counted at the most it can have cost.`
      : '';
  const cap =
    cost.repositoryToday.capNanoUsd === null ? '' : ` of ${formatCents(cost.repositoryToday.capNanoUsd)}`;
  return `${cost.models.map(escapeLine).join(', ') || 'no model'}.${cache}${bounded} Repository today: ${formatCents(cost.repositoryToday.spentNanoUsd)}${cap}.`;
}

/** Who asked, how long each phase took, and every identity and hash in full. */
export function provenanceSection(facts: PublishFacts, commit: { sha: string; verified: boolean }): string {
  const { task, pin, requester } = facts;
  const phases = facts.phases
    .map((entry) => `${entry.phase} ${entry.ms === null ? 'not measured' : formatDuration(entry.ms)}`)
    .join(', ');
  const lines = [
    `- task \`${task.id}\``,
    `- base \`${pin.baseSha}\``,
    `- commit \`${commit.sha}\` (GitHub: ${commit.verified ? 'verified' : 'unverified'})`,
    `- snapshot \`${facts.snapshotDigest}\`${removedText(facts)}`,
    `- change set \`${facts.changeSetDigest}\``,
    `- template ${codeSpan(pin.config.template.name)}${pin.config.template.image ? `, image ${codeSpan(pin.config.template.image)}` : ''}, isolation ${pin.config.template.isolation}`,
    `- configuration admin \`${pin.config.digests.admin}\`${pin.config.digests.repository ? `, repository \`${pin.config.digests.repository}\`` : ''}`,
    ...(facts.transcriptDigest ? [`- transcript \`${facts.transcriptDigest}\``] : []),
    `- audit head \`${facts.auditHead}\``,
  ];
  return [
    '## Provenance',
    `Asked by ${escapeLine(requester.login)} (${requester.via}, permission ${requester.permission}). Attempt ${task.attempt} of ${pin.config.limits.attempts}, round ${facts.round}. ${phases}.`,
    '',
    reportedSentence(facts),
    '',
    `<details><summary>${lines.length} identities and hashes</summary>`,
    '',
    ...lines,
    '</details>',
  ].join('\n');
}

function removedText(facts: PublishFacts): string {
  const { removed } = facts.snapshot;
  if (removed.length === 0) return ', nothing removed';
  return `, removed: ${removed.map((part) => `${plural(part.count, escapeLine(part.kind))} (${plural(part.characters, 'character')})`).join(', ')}`;
}
