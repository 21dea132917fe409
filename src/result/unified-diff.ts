/** The text of a change set as a unified diff, as git writes it, for `task show --diff`: foreign text, bounded, never for a shell. */
import type { LineDiff } from './diff.ts';
import type { DiffStep } from './line-script.ts';
import type { ReadChange, ReadChangeSet } from './read-change-set.ts';
import { textOf } from './text-of.ts';

const CONTEXT_LINES = 3;
const MAX_CHARACTERS = 400_000;
const SIGNS = { same: ' ', add: '+', remove: '-' } as const;

/** The whole change set, from its `changeDiffs`; cut with a note after 400,000 characters. */
export function unifiedDiff(changeSet: ReadChangeSet, diffs: ReadonlyMap<string, LineDiff>): string {
  let text = '';
  for (const [index, change] of changeSet.changes.entries()) {
    text += fileDiff(change, diffs.get(change.path));
    if (text.length <= MAX_CHARACTERS) continue;
    const left = changeSet.changes.length - index - 1;
    return `${text.slice(0, MAX_CHARACTERS)}\n(cut after ${MAX_CHARACTERS} characters; ${left} more files)\n`;
  }
  return text;
}

function fileDiff(change: ReadChange, diff: LineDiff | undefined): string {
  const title = `diff --git a/${change.path} b/${change.path}\n${modeLines(change)}`;
  if (!diff)
    return `${title}${isBinary(change) ? 'Binary files differ' : 'Files differ, too large to compare'}\n`;
  const hunks = hunkTexts(
    asGitHasThem(diff.steps, { before: isOpen(change.before), after: isOpen(change.after) }),
  );
  if (hunks.length === 0) return title;
  const oldName = change.before === null ? '/dev/null' : `a/${change.path}`;
  const newName = change.after === null ? '/dev/null' : `b/${change.path}`;
  return `${title}--- ${oldName}\n+++ ${newName}\n${hunks.join('')}`;
}

function isBinary({ before, after }: ReadChange): boolean {
  return [before, after].some((side) => side !== null && side.bytes !== null && textOf(side.bytes) === null);
}

function modeLines(change: ReadChange): string {
  if (change.before === null) return `new file mode ${change.after?.mode ?? ''}\n`;
  if (change.after === null) return `deleted file mode ${change.before.mode}\n`;
  if (change.before.mode === change.after.mode) return '';
  return `old mode ${change.before.mode}\nnew mode ${change.after.mode}\n`;
}

/** A line of the diff; `open`: it ends its file without a line break. */
interface DiffLine extends DiffStep {
  readonly open: boolean;
}

/** True for a text whose last line has no line break. */
function isOpen(side: ReadChange['before']): boolean {
  const text = side?.bytes ? textOf(side.bytes) : null;
  return text !== null && text !== '' && !text.endsWith('\n');
}

/** A last line that lost or gained its line break is another line, and what is removed stands before what is added. */
function asGitHasThem(
  steps: readonly DiffStep[],
  open: { readonly before: boolean; readonly after: boolean },
): DiffLine[] {
  const lastBefore = open.before ? steps.findLastIndex(({ op }) => op !== 'add') : -1;
  const lastAfter = open.after ? steps.findLastIndex(({ op }) => op !== 'remove') : -1;
  const lines: DiffLine[] = [];
  let added: DiffLine[] = [];
  for (const [index, { op, text }] of steps.entries()) {
    const isSame = op === 'same' && (index === lastBefore) === (index === lastAfter);
    if (isSame) {
      lines.push(...added, { op, text, open: index === lastBefore });
      added = [];
      continue;
    }
    if (op !== 'add') lines.push({ op: 'remove', text, open: index === lastBefore });
    if (op !== 'remove') added.push({ op: 'add', text, open: index === lastAfter });
  }
  return [...lines, ...added];
}

function hunkTexts(steps: readonly DiffLine[]): string[] {
  const texts: string[] = [];
  let before = 1;
  let after = 1;
  let at = 0;
  for (const range of hunkRanges(steps)) {
    const skipped = range.from - at;
    before += skipped;
    after += skipped;
    const hunk = steps.slice(range.from, range.to);
    const oldLines = hunk.filter((step) => step.op !== 'add').length;
    const newLines = hunk.filter((step) => step.op !== 'remove').length;
    const body = hunk.map(lineText).join('');
    texts.push(`@@ -${span(before, oldLines)} +${span(after, newLines)} @@\n${body}`);
    before += oldLines;
    after += newLines;
    at = range.to;
  }
  return texts;
}

function lineText({ op, text, open }: DiffLine): string {
  return `${SIGNS[op]}${text}\n${open ? '\\ No newline at end of file\n' : ''}`;
}

/** A hunk without lines on one side starts at the line before, as diff(1) counts. */
function span(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

/** Ranges of steps: changes with three lines of context, joined where they touch. */
function hunkRanges(steps: readonly DiffStep[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const [index, step] of steps.entries()) {
    if (step.op === 'same') continue;
    const last = ranges.at(-1);
    const from = Math.max(0, index - CONTEXT_LINES);
    const to = Math.min(steps.length, index + CONTEXT_LINES + 1);
    if (last && from <= last.to) last.to = to;
    else ranges.push({ from, to });
  }
  return ranges;
}
