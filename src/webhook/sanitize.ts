/**
 * What a person sees of an issue, and no more: hidden characters and hidden markup are taken out again and again until
 * nothing changes, and what was taken out is reported. Code keeps its markup, since GitHub shows it.
 */
import { stripHiddenCharacters } from './hidden-characters.ts';
import { type Removal, type RemovedKind, sumRemovals } from './removal.ts';
import { shieldCode } from './shield-code.ts';
import { stripMarkup } from './strip-markup.ts';

/** Nesting that needs more passes than this was made to hide something; then nothing of the text is kept. */
const MAX_PASSES = 25;

/** Text without hidden parts, and what they were. */
export interface Sanitized {
  readonly text: string;
  readonly removed: readonly RemovedKind[];
}

/** Sanitises Markdown as GitHub renders it. `<details>` stays: it folds, and a reader can open it. */
export function sanitize(text: string): Sanitized {
  const removals: Removal[] = [];
  const report = (removal: Removal): void => {
    removals.push(removal);
  };
  let before = text.toWellFormed().replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const after = onePass(before, report);
    if (after === before) return { text: after.trim(), removed: sumRemovals(removals) };
    before = after;
  }
  report({ kind: 'text that never came to rest', characters: before.length });
  return { text: '', removed: sumRemovals(removals) };
}

/** Sanitises a line without markup, such as a title. */
export function sanitizeLine(text: string): Sanitized {
  const removals: Removal[] = [];
  const clean = stripHiddenCharacters(text.toWellFormed(), (removal) => removals.push(removal));
  return { text: clean.replace(/\s+/g, ' ').trim(), removed: sumRemovals(removals) };
}

function onePass(text: string, report: (removal: Removal) => void): string {
  const shielded = shieldCode(stripHiddenCharacters(text, report));
  return shielded.restore(stripMarkup(shielded.text, report));
}
