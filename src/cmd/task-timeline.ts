/** The timeline that `glovebox task show` prints: outcome first, then one line for each thing that happened. Pure. */
import { formatDuration, plural, shortHash } from '../pull-request/format.ts';
import { reasonRemedy, reasonSentence } from '../pull-request/reason-text.ts';
import { executed } from '../pull-request/verdict-text.ts';
import type { Verdict } from '../result/verdict.ts';
import { formatMicro } from '../shared/money.ts';
import { outcomeWord } from '../task/outcome-word.ts';
import type { PhaseTime, TaskReport } from './task-report.ts';

/** Every line ends in a line break. Foreign text in it is escaped by the reason's builder. */
export function formatTimeline(report: TaskReport): string {
  const { task, chain } = report;
  const lines = [headLine(report)];
  if (task.reason)
    lines.push(reasonSentence(task.reason), reasonRemedy(task.reason, task.pin?.config.label ?? null));
  lines.push(acceptLine(report));
  const numbers = [...new Set(report.phases.map((phase) => phase.round))].toSorted((a, b) => a - b);
  for (const number of numbers) lines.push(...roundLines(report, number, numbers.length > 1));
  lines.push(...publishLines(report));
  const state = chain.intact ? 'chain intact' : `chain broken at event ${chain.brokenAt}`;
  lines.push(`Audit: ${plural(chain.events, 'event')}, ${state}.  More: --diff --transcript --calls --json`);
  return lines.map((line) => `${line}\n`).join('');
}

function headLine({ task, spentNanoUsd }: TaskReport): string {
  const place = `${task.repo.owner}/${task.repo.repo}#${task.issueNumber}`;
  const pull = task.pullNumber === null ? [] : [`pull request #${task.pullNumber}`];
  const at = `attempt ${task.attempt}, round ${task.round}`;
  return [outcomeWord(task), place, ...pull, at, `$${formatMicro(spentNanoUsd)}`].join('  ');
}

function acceptLine({ task }: TaskReport): string {
  const { login, via, permission } = task.requester;
  const snapshot = task.snapshotDigest === null ? '' : `; snapshot ${task.snapshotDigest.slice(0, 13)}...`;
  return entry(task.createdAt, 'accept', `${login}, ${via}, ${permission}${snapshot}`);
}

function roundLines(report: TaskReport, number: number, named: boolean): string[] {
  const phases = report.phases.filter((phase) => phase.round === number && isShown(phase));
  const round = report.rounds.find((one) => one.number === number);
  const lines = phases.map((phase) =>
    entry(phase.startedAt, phase.phase, detailOf(report, phase, round?.verdict ?? null)),
  );
  if (!named) return lines;
  return [`round ${number}${round?.lost ? ', lost and not counted' : ''}`, ...lines];
}

/** The verify job's own fetch and setup run beside work; deliver is how its results travel. */
function isShown(phase: PhaseTime): boolean {
  return phase.job === 'work' || phase.phase === 'verify';
}

function detailOf(report: TaskReport, phase: PhaseTime, verdict: Verdict | null): string {
  const time = phase.ms === null ? 'running' : formatDuration(phase.ms);
  const parts = [phase.end === null ? time : `${time}, ended by ${phase.end}`];
  const calls = report.calls.filter((call) => call.round === phase.round).length;
  if (phase.phase === 'work' && calls > 0) parts.push(plural(calls, 'call'));
  if (phase.phase === 'verify' && verdict) parts.push(...verdict.checks.map(checkText));
  return parts.join(', ');
}

function checkText(check: Verdict['checks'][number]): string {
  if (check.kind === 'command') return `${check.check} ${check.head?.outcome ?? 'not run'}`;
  const before = check.base?.counts ? executed(check.base.counts) : 'not measured';
  const after = check.head?.counts ? executed(check.head.counts) : 'not measured';
  return `${check.check} ${before} before, ${after} after`;
}

function publishLines({ task, publishingSince }: TaskReport): string[] {
  if (!publishingSince) return [];
  const time = task.endedAt ? formatDuration(task.endedAt.getTime() - publishingSince.getTime()) : 'running';
  const parts = [time];
  if (task.commitSha) parts.push(shortHash(task.commitSha), signatureText(task.reason?.code));
  return [entry(publishingSince, 'publish', parts.join(', '))];
}

/** The publisher ends a task whose commit GitHub does not mark as verified with a code of its own. */
function signatureText(code: string | undefined): string {
  return code === 'commit-unverified' ? 'not verified by GitHub' : 'verified by GitHub';
}

function entry(at: Date, what: string, detail: string): string {
  return `${at.toISOString().slice(11, 19)}  ${what.padEnd(7)}  ${detail}`;
}
