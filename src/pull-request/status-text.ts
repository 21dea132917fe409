/** The sticky status comment's text, one builder per outcome word; pure, from the record's view. */
import { formatCents } from '../shared/money.ts';
import { outcomeWord } from '../task/outcome-word.ts';
import { policySection } from './check-sections.ts';
import { slotGapMs } from './edit-slots.ts';
import { codeSpan, cutLine, escapeLine } from './foreign-text.ts';
import { formatDuration, formatTime, plural } from './format.ts';
import { NO_FURTHER_ROUND } from './further-round.ts';
import { reasonDetail } from './reason-detail.ts';
import { reasonElsewhere, reasonRemedy, reasonSentence, setAnew } from './reason-text.ts';
import type { PhaseRow, StatusView } from './status-view.ts';
import { verdictSentence } from './verdict-text.ts';
import { queuedText, waitingText } from './waiting-text.ts';

/** Comment without its marker; null where nothing is to be said yet (asked for, not pinned). */
export function statusText(view: StatusView): string | null {
  switch (view.task.state) {
    case 'accepted':
      return null;
    case 'queued':
      return queuedText(view);
    case 'working':
    case 'verifying':
    case 'judging':
    case 'publishing':
      return view.phases.some((row) => row.state !== 'waiting')
        ? runningText(view)
        : (waitingText(view) ?? acceptedText(view));
    case 'ended':
      return endedText(view);
    default:
      return view.task.state satisfies never;
  }
}

/** The one sentence that is posted beside the comment when a task ends without a pull request; null where needless. */
export function endingSentence(view: StatusView): string | null {
  const { outcome, pullNumber, reason } = view.task;
  if (outcome === null || outcome === 'refused' || pullNumber !== null) return null;
  return `**${outcomeWord(view.task)}**: ${reason ? reasonElsewhere(reason) : 'see the status comment.'}`;
}

function acceptedText(view: StatusView): string {
  const { requester } = view.task;
  const bounds =
    view.budgetNanoUsd === null || view.boundMinutes === null
      ? ''
      : `, with at most ${formatCents(view.budgetNanoUsd)} and ${view.boundMinutes} min`;
  return [
    `**Accepted**: a sandbox starts now${bounds}. The pull request, or the reason there is none, will be linked here.`,
    '',
    `Asked by ${escapeLine(requester.login)} (${askedBy(view)}, permission ${requester.permission}). Later edits of the issue are not read.`,
    ...removedFold(view),
  ].join('\n');
}

/** The label is the one that the attempt was pinned to. */
function askedBy({ task, label }: StatusView): string {
  const name = codeSpan(task.pin?.config.label ?? label);
  switch (task.requester.via) {
    case 'label':
      return `label ${name}`;
    case 'opened-with-label':
      return `opened with label ${name}`;
    case 'sweep':
      return `label ${name}, found by a sweep`;
    case 'command':
      return 'command';
    default:
      return task.requester.via satisfies never;
  }
}

function removedFold(view: StatusView): string[] {
  const removed = view.task.snapshot?.removed ?? [];
  const total = removed.reduce((sum, part) => sum + part.count, 0);
  if (total === 0) return [];
  const parts = removed.map(
    (part) => `${part.count} ${escapeLine(part.kind)} (${plural(part.characters, 'character')})`,
  );
  return [
    '',
    `<details><summary>${plural(total, 'hidden part')} removed from the issue</summary>`,
    '',
    `${parts.join(', ')}.`,
    '</details>',
  ];
}

function runningText(view: StatusView): string {
  const current =
    view.phases.findLast((row) => row.state === 'running') ??
    view.phases.findLast((row) => row.state === 'done');
  const time = current?.ms == null ? '' : `, ${formatDuration(current.ms)}`;
  const budget = view.budgetNanoUsd === null ? '' : ` of ${formatCents(view.budgetNanoUsd)}`;
  const step = view.step === null ? '' : ` Last step, as reported: ${cutLine(escapeLine(view.step), 200)}.`;
  return [
    waitingText(view) ??
      `**Running**: ${current?.phase ?? 'fetch'}${time}, ${formatCents(view.spentNanoUsd)}${budget}.`,
    '',
    '|Phase|State|Time|',
    '|---|---|---|',
    ...view.phases.map(phaseRow),
    '',
    `${plural(view.calls, 'model call')}.${step} Written ${formatTime(view.now)}, next within ${formatDuration(slotGapMs(view.totalMs))}.`,
    ...removedFold(view),
  ].join('\n');
}

function phaseRow(row: PhaseRow): string {
  return `|${row.phase}|${row.state}|${row.ms === null ? '' : formatDuration(row.ms)}|`;
}

function endedText(view: StatusView): string {
  const { task } = view;
  if (task.outcome === null) return '**Running**.';
  if (task.outcome === 'verified') return verifiedText(view);
  if (task.outcome === 'aborted') return abortedText(view);
  if (task.outcome === 'budget-reached') return budgetText(view);
  if (task.pullNumber !== null && task.outcome === 'needs-human') return draftText(view);
  return [
    `**${outcomeWord(task)}**${ourSide(view)}: ${task.reason ? reasonSentence(task.reason) : 'no reason was recorded.'}${spentSentence(view)}`,
    '',
    task.reason ? reasonRemedy(task.reason, view.label) : '',
    ...detailParts(view),
  ].join('\n');
}

function ourSide({ task }: StatusView): string {
  return task.outcome === 'errored' ? ` on our side (\`${task.reason?.code ?? 'internal'}\`)` : '';
}

function verifiedText(view: StatusView): string {
  const sentence = view.verdict ? verdictSentence(view.verdict, view.rounds) : 'the checks pass';
  return `**Verified**: pull request #${view.task.pullNumber} is ready for review. ${sentence}, ${formatCents(view.spentNanoUsd)}, ${formatDuration(view.totalMs)}.`;
}

function draftText(view: StatusView): string {
  const sentence = view.verdict ? verdictSentence(view.verdict, view.rounds) : 'not verified';
  const draft = `**Needs a human**: draft #${view.task.pullNumber}: ${sentence}, ${formatCents(view.spentNanoUsd)}.`;
  const { reason } = view.task;
  if (reason === null) return `${draft} To start over on a new branch, ${setAnew(view.label)}.`;
  return [
    `${draft} ${NO_FURTHER_ROUND} ${reasonSentence(reason)}`,
    '',
    reasonRemedy(reason, view.label),
    ...detailParts(view),
  ].join('\n');
}

function budgetText(view: StatusView): string {
  const { pullNumber } = view.task;
  const of = view.budgetNanoUsd === null ? '' : ` of ${formatCents(view.budgetNanoUsd)}`;
  const sentence = view.verdict ? `: ${verdictSentence(view.verdict, view.rounds)}` : '';
  const kept =
    pullNumber === null
      ? 'The work so far was not published.'
      : `Draft #${pullNumber} holds the work so far${sentence}.`;
  const { why, key } = capWords(view);
  const on = view.spentOn.map(({ name, nanoUsd }) => `${name} ${formatCents(nanoUsd)}`).join(', ');
  return [
    `**Budget reached**: ${formatCents(view.spentNanoUsd)}${of}; ${why}. ${kept}`,
    '',
    `An organisation admin can change \`${key}\`; then ${setAnew(view.label)}.${on === '' ? '' : ` Spent on: ${on}.`}`,
  ].join('\n');
}

/** What stopped the next call, and the key that bounds it. */
function capWords({ spentCap, budgetNanoUsd, spentNanoUsd }: StatusView): { why: string; key: string } {
  if (spentCap !== null && spentCap !== 'task') {
    const whose = { repository: 'this repository', team: 'its team', organisation: 'the organisation' };
    return {
      why: `the next call could cost more than ${whose[spentCap]} has left`,
      key: `budget.${spentCap}`,
    };
  }
  const left = budgetNanoUsd === null ? null : budgetNanoUsd - spentNanoUsd;
  const amount = left === null ? 'what is' : `the ${formatCents(left > 0n ? left : 0n)}`;
  return { why: `the next call could cost more than ${amount} left`, key: 'budget.perTask' };
}

function abortedText(view: StatusView): string {
  const by = view.task.abort ? ` by ${escapeLine(view.task.abort.login)}` : '';
  const phase = lastPhase(view);
  const cut =
    view.cutAfterMs === null
      ? ''
      : ` The model call was cut ${formatDuration(view.cutAfterMs)} after the command; nothing was spent since.`;
  return [
    `**Aborted**${by}${phase === undefined ? '' : ` in ${phase}`}, after ${formatDuration(view.totalMs)} and ${formatCents(view.spentNanoUsd)}.${cut}`,
    '',
    `Kept: the last change set, transcript and log (\`glovebox task show ${view.task.id}\`). Start again: ${setAnew(view.label)}.`,
  ].join('\n');
}

/** Where it was; what verify did beside the agent's work does not count. */
function lastPhase({ phases }: StatusView): string | undefined {
  const begun = phases.filter((row) => row.state !== 'waiting');
  const worked = begun.some((row) => row.phase === 'work' && row.state === 'done');
  return begun.findLast((row) => worked || row.phase !== 'verify')?.phase;
}

function spentSentence({ task, spentNanoUsd }: StatusView): string {
  return task.outcome === 'refused' && spentNanoUsd === 0n
    ? ' Nothing was spent.'
    : ` ${formatCents(spentNanoUsd)} spent.`;
}

function detailParts(view: StatusView): string[] {
  const { reason, outcome, id } = view.task;
  const parts: string[] =
    outcome === 'errored' ? [`Task ${id}. This does not count against the attempts.`] : [];
  if (view.verdict?.gates.some((gate) => gate.findings.length > 0))
    parts.push('', policySection(view.verdict));
  if (reason?.detail) parts.push('', ...reasonDetail(reason.code, reason.detail));
  return parts;
}
