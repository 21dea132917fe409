/**
 * Gate "test weakening" (INC-22): a change that takes tests away, skips them or changes what runs them, so that a later
 * change may break what they guarded. Counts marks in lines, per file; a human reads the rest.
 */
import { createHash } from 'node:crypto';
import { classifyPath, type PathClass } from '../classify-path.ts';
import type { LineDiff } from '../diff.ts';
import type { ReadChange } from '../read-change-set.ts';
import type { GateFinding } from '../verdict.ts';
import { finding, type GateInput } from './gate.ts';
import { ASSERTION, SKIP } from './test-marks.ts';

const CODE = { code: 'tests-weakened' } as const;

/**
 * Weaker tests ask a human; where the change set holds nothing but tests they block, since no source change can be their
 * reason. Changed harness files and a change set of tests alone ask as well.
 */
export function testWeakening(input: GateInput): GateFinding[] {
  const changes = input.changeSet.changes.map((change) => ({ change, is: classifyPath(change.path) }));
  const onlyTests = changes.length > 0 && changes.every(({ is }) => is.side === 'tests');
  const moved = contentsAdded(input);
  const weaker = changes.flatMap(({ change, is }) =>
    is.kind === 'test' ? weakened(change, input.diffs.get(change.path), moved) : [],
  );
  const harness = changes.flatMap(({ change, is }) => harnessFinding(change, is));
  if (!onlyTests) return [...weaker, ...harness];
  const strict = weaker.map((one) =>
    one.effect === 'asks' ? { ...one, effect: 'blocks' as const, ...CODE } : one,
  );
  return [...strict, ...harness, finding('asks', 'only tests change, no source')];
}

function weakened(change: ReadChange, diff: LineDiff | undefined, moved: ReadonlySet<string>): GateFinding[] {
  const at = { path: change.path };
  if (change.after === null) {
    return isMoved(change, moved)
      ? [finding('note', 'a test file moved', at)]
      : [finding('asks', 'a test file deleted', at)];
  }
  if (change.before === null) return skips(diff, at.path);
  if (!diff) return [finding('asks', 'a test file changed that cannot be compared', at)];
  const lost = count(diff.removed, ASSERTION) - count(diff.added, ASSERTION);
  const fewer =
    lost > 0 ? [finding('asks', `${lost} ${lost === 1 ? 'assertion' : 'assertions'} removed`, at)] : [];
  return [...fewer, ...skips(diff, at.path)];
}

function skips(diff: LineDiff | undefined, path: string): GateFinding[] {
  const added = diff?.added.filter((line) => SKIP.test(line.text)) ?? [];
  const first = added[0];
  if (!first || added.length <= count(diff?.removed ?? [], SKIP)) return [];
  return [finding('asks', 'a test is skipped or singled out', { path, line: first.line })];
}

function harnessFinding(change: ReadChange, is: PathClass): GateFinding[] {
  if (is.kind !== 'harness' && is.kind !== 'fixture') return [];
  const at = { path: change.path };
  const how = change.after === null ? 'deleted' : change.before === null ? 'added' : 'changed';
  const isNewFixture = is.kind === 'fixture' && how === 'added';
  return [finding(isNewFixture ? 'note' : 'asks', `${is.reason}, ${how}`, at)];
}

function count(lines: readonly { readonly text: string }[], mark: RegExp): number {
  return lines.filter((line) => mark.test(line.text)).length;
}

function contentsAdded(input: GateInput): Set<string> {
  const added = input.changeSet.changes.flatMap(({ path, before, after }) =>
    before === null && after !== null && classifyPath(path).kind === 'test' ? [hash(after.bytes)] : [],
  );
  return new Set(added);
}

function isMoved(change: ReadChange, moved: ReadonlySet<string>): boolean {
  const bytes = change.before?.bytes;
  return bytes !== null && bytes !== undefined && moved.has(hash(bytes));
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
