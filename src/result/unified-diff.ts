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
  const hunks = hunkTexts(diff.steps);
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

function hunkTexts(steps: readonly DiffStep[]): string[] {
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
    const body = hunk.map((step) => `${SIGNS[step.op]}${step.text}\n`).join('');
    texts.push(`@@ -${span(before, oldLines)} +${span(after, newLines)} @@\n${body}`);
    before += oldLines;
    after += newLines;
    at = range.to;
  }
  return texts;
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
