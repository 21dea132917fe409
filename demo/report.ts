/** What the demo says at its end: the pull request, and the check run in six lines; or the reason there is none. */

import { terminalText } from '../src/cmd/terminal-text.ts';
import type { TaskCost } from '../src/ledger/task-cost.ts';
import { totalTokens } from '../src/pull-request/check-sections.ts';
import { groupDigits, plural, shortHash } from '../src/pull-request/format.ts';
import { reasonSentence } from '../src/pull-request/reason-text.ts';
import { gatesSentence } from '../src/pull-request/verdict-text.ts';
import type { CheckVerdict, Verdict } from '../src/result/verdict.ts';
import { formatMicro } from '../src/shared/money.ts';
import { outcomeWord } from '../src/task/outcome-word.ts';
import type { Reason, Task } from '../src/task/task.ts';
import type { GithubCalls } from '../test/github-host/request-log.ts';
import { tookText } from './read-stages.ts';

/** What is left of a finished task, and what the emulated GitHub shows. */
export interface Ending {
  readonly task: Task;
  readonly verdict: Verdict | null;
  readonly cost: TaskCost;
  readonly network: string;
  readonly auditHead: string;
  readonly transcriptDigest: string | null;
  readonly pull: { readonly number: number; readonly title: string; readonly draft: boolean } | null;
  readonly checkRun: { readonly conclusion: string; readonly title: string } | null;
  /** `scripted, not billed` or `real`. */
  readonly bill: string;
  readonly githubCalls: GithubCalls;
}

const MAX_DETAIL_LINES = 20;

/** The lines after the table. */
export function endingLines(ending: Ending): string[] {
  const { task, pull } = ending;
  const word = outcomeWord(task);
  const head = pull === null ? '' : ` #${pull.number}${pull.draft ? ' (draft)' : ''} ${pull.title}`;
  return [
    '',
    `${word} in ${tookText(task)}.${head}`,
    ...(pull === null && task.reason ? reasonLines(task.reason) : []),
    '',
    ...(ending.verdict ? checkLines(ending, ending.verdict) : []),
  ];
}

/** The sentence, and what the status comment folds away below it: the words of whoever could not go on. */
function reasonLines(reason: Reason): string[] {
  const detail = terminalText(reason.detail ?? '')
    .trim()
    .split('\n');
  const more = detail.length - MAX_DETAIL_LINES;
  return [
    `  ${plainSentence(reasonSentence(reason))}`,
    ...detail.slice(0, MAX_DETAIL_LINES).flatMap((line) => (line === '' ? [] : [`  > ${line}`])),
    ...(more > 0 ? [`  (${plural(more, 'more line')})`] : []),
  ];
}

function checkLines(ending: Ending, verdict: Verdict): string[] {
  const { task, checkRun, cost } = ending;
  const head =
    checkRun && task.commitSha
      ? [`Check run Glovebox on ${shortHash(task.commitSha)}: ${checkRun.conclusion}`, `  ${checkRun.title}`]
      : ['No check run: nothing was pushed.'];
  return [
    ...head,
    ...verdict.checks.map((check) => `  Tests       ${testsLine(check)}`),
    `  Proof       ${proofLine(verdict)}`,
    `  Policy      ${gatesSentence(verdict)}${blockedBy(verdict)}`,
    `  Network     ${ending.network}`,
    `  Cost        ${plural(cost.calls, 'call')}, ${groupDigits(totalTokens(cost))} tokens, $${formatMicro(cost.spentNanoUsd)} (${ending.bill})`,
    `  Provenance  audit head ${digestStart(ending.auditHead)}${ending.transcriptDigest ? `, transcript ${digestStart(ending.transcriptDigest)}` : ''}`,
  ];
}

function testsLine(check: CheckVerdict): string {
  const { base, head } = check;
  const before = base?.counts
    ? `${base.counts.passed} passed before`
    : `${base?.outcome ?? 'not run'} before`;
  const after = head?.counts ? `${head.counts.passed} after` : (head?.outcome ?? 'not run');
  const failed = head?.counts && head.counts.failed > 0 ? `, ${head.counts.failed} failed` : '';
  return `${check.check}: ${before}, ${after}${failed}`;
}

function proofLine(verdict: Verdict): string {
  if (verdict.proofs.length === 0) return 'no test shows the change';
  const proven = verdict.proofs.filter((note) => note.proof).length;
  return `${proven} of ${plural(verdict.proofs.length, 'new test')} fails without the change`;
}

function blockedBy(verdict: Verdict): string {
  const blocking = verdict.gates.filter((gate) => gate.effect === 'blocks').map((gate) => gate.gate);
  return blocking.length === 0 ? '' : `; blocked by ${blocking.join(', ')}`;
}

function digestStart(digest: string): string {
  return `${digest.slice(0, 13)}...`;
}

/** Sentences are written for Markdown; a terminal shows them without its marks. */
function plainSentence(sentence: string): string {
  return sentence
    .replace(/`/g, '')
    .replaceAll('&#8203;', '')
    .replace(/\\(?=[\\`*_[\]|~$#+=-])/g, '');
}
