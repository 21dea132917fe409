/**
 * What a text says once decoded: as it is, reversed, with escapes undone, literals joined and invisible characters
 * dropped, with base64, hex and character codes read, and combinations of these. A secret is looked for in every view
 * (INC-05); each view knows where in the text it came from.
 */
import { decodeRuns } from './decode-runs.ts';
import { type RewrittenText, rewriteText } from './rewritten-text.ts';

/** One reading of a text. */
export interface TextView {
  readonly text: string;
  /** Words for a finding's kind: empty for the text itself, else e.g. ` (in base64)`. */
  readonly how: string;
  /** The place in the original text that holds characters `start` to `end` of this view. */
  origin(start: number, end: number): readonly [number, number];
}

/** All views; `complete` is false where the bound was met: then nothing is known about the rest. */
export interface TextViews {
  readonly views: readonly TextView[];
  readonly complete: boolean;
}

/** Most texts hold nothing but this, and need no look at their disguises. */
const NOT_PLAIN = /[^\t\n\r -~]/;

/** How often decoders are applied to each other's results. */
const MAX_DEPTH = 3;
/** Characters of all views together: this much, or a multiple of the text. */
const MIN_BUDGET = 2_000_000;
const GROWTH = 16;

const ESCAPES =
  /%([0-9a-fA-F]{2})|\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\u\{([0-9a-fA-F]{1,6})\}|&#x([0-9a-fA-F]{1,6});|&#(\d{1,7});|\\([0-3][0-7]{2})/g;
/** The end of one literal and the start of the next, with what joins them; or a line continuation. */
const SEAMS = /["'`][ \t]{0,20}(?:[+.,&|\\]{1,2})?\s{0,40}["'`]|\\\r?\n[ \t]{0,40}/g;
/** What cannot be seen, the zero bytes of UTF-16, and compatibility forms of ASCII: raised, letter-like, enclosed, full width, mathematical. */
const DISGUISES =
  /\p{Default_Ignorable_Code_Point}+|\0|[\u2070-\u209f\u2100-\u214f\u2460-\u24ff\uff01-\uff5e\u{1d400}-\u{1d7ff}\u{1f100}-\u{1f1ff}]/gu;

/** Every view of the text, the text itself first, up to `budget` characters in all. */
export function decodedViews(text: string, budget = Math.max(MIN_BUDGET, text.length * GROWTH)): TextViews {
  const whole: TextView = { text, how: '', origin: (start, end) => [start, end] };
  const views: TextView[] = [];
  const seen = new Set<string>();
  let level: TextView[] = [whole];
  let used = 0;
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    const fresh = level.filter((view) => isFresh(seen, view));
    used += fresh.reduce((sum, view) => sum + view.text.length, 0);
    if (used > budget) return { views, complete: false };
    views.push(...fresh);
    level = depth === MAX_DEPTH ? [] : fresh.flatMap(readings);
  }
  return { views, complete: true };
}

/** The same text from the same place: reading it again shows nothing new. */
function isFresh(seen: Set<string>, view: TextView): boolean {
  const key = `${view.origin(0, view.text.length).join('-')} ${view.text}`;
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

/** The view read once more, in every way that changes it. */
function readings(view: TextView): TextView[] {
  const runs = decodeRuns(view.text).map((run) =>
    composed(view, run.how, { text: run.text, origin: () => [run.start, run.end] }),
  );
  return [...cleaned(view), composed(view, 'reversed', reversed(view.text)), ...runs];
}

/** Escapes undone, disguises dropped and seams closed, one after the other: one view, since each alone is in it. */
function cleaned(view: TextView): TextView[] {
  const steps: (readonly [string, RegExp, (match: RegExpExecArray) => string])[] = [
    ['escaped', ESCAPES, unescaped],
    ['disguised', DISGUISES, plain],
    ['split', SEAMS, () => ''],
  ];
  let current = view;
  for (const [how, pattern, replace] of steps) {
    if (pattern === DISGUISES && !NOT_PLAIN.test(current.text)) continue;
    const next = rewriteText(current.text, pattern, replace);
    if (next) current = composed(current, how, next);
  }
  return current === view ? [] : [current];
}

function composed(view: TextView, how: string, next: RewrittenText): TextView {
  return {
    text: next.text,
    how: view.how === '' ? ` (${how})` : view.how,
    origin(start, end) {
      const [from, to] = next.origin(start, end);
      return view.origin(from, to);
    },
  };
}

function reversed(text: string): RewrittenText {
  const units = Buffer.from(text, 'utf16le');
  new Uint16Array(units.buffer, units.byteOffset, units.length / 2).reverse();
  return {
    text: units.toString('utf16le'),
    origin: (start, end) => [text.length - end, text.length - start],
  };
}

function unescaped(match: RegExpExecArray): string {
  const [, percent, x, u, braces, hexEntity, entity, octal] = match;
  const hex = percent ?? x ?? u ?? braces ?? hexEntity;
  const code =
    hex !== undefined
      ? Number.parseInt(hex, 16)
      : entity !== undefined
        ? Number(entity)
        : Number.parseInt(octal ?? '0', 8);
  return code <= 0x10ffff ? String.fromCodePoint(code) : match[0];
}

/** Compatibility forms of ASCII (full width, mathematical) as ASCII; what cannot be seen as nothing. */
function plain(match: RegExpExecArray): string {
  return /^[\p{Default_Ignorable_Code_Point}\0]/u.test(match[0]) ? '' : match[0].normalize('NFKC');
}
