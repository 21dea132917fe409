/** A task's cost as the lines that people read: the check run's Cost table and the sentences beside it. No row, no line. */
import type { TaskCost } from '../ledger/task-cost.ts';
import { formatCents, formatMicro, type NanoUsd } from '../shared/money.ts';

/** One row of the table `Tokens | Count | USD`, as text: `2,100`, `0.006300`. */
export interface CostRow {
  readonly label: string;
  readonly tokens: string;
  readonly usd: string;
}

/** Rows with tokens, then the sum over all rows of the ledger; empty where no call was made. */
export function costTable(cost: TaskCost): CostRow[] {
  if (cost.calls === 0) return [];
  const rows = linesOf(cost).map(([label, line]) => rowOf(label, line.tokens, line.nanoUsd));
  const tokens = linesOf(cost).reduce((sum, [, line]) => sum + line.tokens, 0);
  const calls = cost.calls === 1 ? '1 call' : `${countText(cost.calls)} calls`;
  return [...rows, rowOf(`All, ${calls}`, tokens, cost.spentNanoUsd)];
}

/** `claude-sonnet-4-6. Without the cache: 0.862500, saved 0.552600. Repository today: $4.10 of $20.00.` */
export function costSentence(cost: TaskCost): string {
  const saved = cost.withoutCacheNanoUsd - cost.spentNanoUsd;
  const hasSaving = cost.cacheRead.tokens > 0 && saved > 0n;
  const { spentNanoUsd, capNanoUsd } = cost.repositoryToday;
  const today =
    capNanoUsd === null
      ? formatCents(spentNanoUsd)
      : `${formatCents(spentNanoUsd)} of ${formatCents(capNanoUsd)}`;
  return [
    cost.models.length === 0 ? '' : `${cost.models.join(', ')}.`,
    hasSaving
      ? `Without the cache: ${formatMicro(cost.withoutCacheNanoUsd)}, saved ${formatMicro(saved)}.`
      : '',
    cost.boundedRows === 0
      ? ''
      : `${countText(cost.boundedRows)} of ${countText(cost.calls)} calls without final usage: an upper bound.`,
    `Repository today: ${today}.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

/** `output $0.88, cache write $0.61`: what was spent on, the largest first. */
export function spentOn(cost: TaskCost): string {
  const parts: [string, NanoUsd][] = [
    ['output', cost.output.nanoUsd],
    ['cache write', cost.cacheWrite5m.nanoUsd + cost.cacheWrite1h.nanoUsd],
    ['cache read', cost.cacheRead.nanoUsd],
    ['input', cost.input.nanoUsd],
  ];
  return parts
    .filter(([, amount]) => amount > 0n)
    .sort(([, a], [, b]) => (a === b ? 0 : a > b ? -1 : 1))
    .map(([label, amount]) => `${label} ${formatCents(amount)}`)
    .join(', ');
}

/** `$0.63 (0.31, 0.17, 0.15)`; one round alone has no parenthesis. */
export function costByRound(cost: TaskCost): string {
  const rounds = Object.entries(cost.byRound).sort(([a], [b]) => Number(a) - Number(b));
  if (rounds.length < 2) return formatCents(cost.spentNanoUsd);
  return `${formatCents(cost.spentNanoUsd)} (${rounds.map(([, amount]) => formatCents(amount).slice(1)).join(', ')})`;
}

function linesOf(cost: TaskCost): [string, TaskCost['input']][] {
  const lines: [string, TaskCost['input']][] = [
    ['Input', cost.input],
    ['Cache write, 5 min', cost.cacheWrite5m],
    ['Cache write, 1 h', cost.cacheWrite1h],
    ['Cache read', cost.cacheRead],
    ['Output', cost.output],
  ];
  return lines.filter(([, line]) => line.tokens > 0);
}

function rowOf(label: string, tokens: number, nanoUsd: NanoUsd): CostRow {
  return { label, tokens: countText(tokens), usd: formatMicro(nanoUsd) };
}

/** `249,900`. */
function countText(count: number): string {
  return count.toLocaleString('en-US');
}
