/**
 * Gate "secrets" (INC-05): what looks like a credential in what the change set adds, in any encoding. The value is never shown, and
 * lines that the base already holds are not reported.
 */
import type { ReadChange } from '../read-change-set.ts';
import { scanText } from '../scan-text.ts';
import type { GateFinding } from '../verdict.ts';
import { finding, type GateInput } from './gate.ts';

/**
 * A certain secret blocks, one that only looks like it asks; file names are scanned as well. A change set over the size
 * cap is blocked unread: a scan takes about a second per megabyte.
 */
export function secrets(input: GateInput): GateFinding[] {
  const { changes } = input.changeSet;
  const bytes = changes.reduce((sum, change) => sum + (change.after?.bytes.length ?? 0), 0);
  if (bytes > input.config.limits.changedBytes) {
    return [finding('blocks', 'not scanned: larger than the size cap', { code: 'gate-blocked' })];
  }
  return changes.flatMap((change) => [...inName(change, input), ...inContent(change, input)]);
}

function inName(change: ReadChange, input: GateInput): GateFinding[] {
  if (change.before !== null) return [];
  const certain = scanText(change.path, input.known).filter((one) => one.certain);
  return certain
    .slice(0, 1)
    .map((one) => finding('blocks', `${phrase(one.kind)} in a file name`, { code: 'secret-found' }));
}

function inContent(change: ReadChange, input: GateInput): GateFinding[] {
  if (change.after === null) return [];
  // Latin-1 keeps every byte: a secret between binary bytes is still found.
  const diff = input.diffs.get(change.path);
  const text = Buffer.from(change.after.bytes).toString(diff ? 'utf8' : 'latin1');
  const added = diff ? new Set(diff.added.map((line) => line.line)) : null;
  const lineAt = lineCounter(text);
  return scanText(text, input.known).flatMap((one) => {
    const first = lineAt(one.start);
    const last = lineAt(Math.max(one.start, one.end - 1));
    if (added && !touches(added, first, last)) return [];
    const effect = one.certain ? 'blocks' : 'asks';
    const at = { path: change.path, line: first, ...(one.certain ? { code: 'secret-found' } : {}) };
    return [finding(effect, phrase(one.kind), at)];
  });
}

function touches(lines: ReadonlySet<number>, first: number, last: number): boolean {
  for (let line = first; line <= last; line += 1) if (lines.has(line)) return true;
  return false;
}

/** `an AWS access key id`: reads on after "looks like". */
function phrase(kind: string): string {
  return /^[aeiou]/i.test(kind) ? `an ${kind}` : `a ${kind}`;
}

/** Line (from 1) of an offset, by binary search over the line starts. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
