/**
 * Markdown and HTML that GitHub does not show and a model reads: comments, declarations, tags, image texts, link titles,
 * link definitions. All scans are linear: an issue's 65,536 characters are the attacker's.
 */
import type { Removal } from './removal.ts';
import { stripTags } from './strip-tags.ts';

type Report = (removal: Removal) => void;

/** Where a comment-like piece begins and ends. */
const DELIMITERS = [
  { open: '<!--', close: '-->', kind: 'HTML comment' },
  { open: '<![CDATA[', close: ']]>', kind: 'HTML declaration' },
  { open: '<?', close: '?>', kind: 'HTML declaration' },
] as const;

/** List and quote marks before a block fill no more of a line than this. */
const MAX_MARKS = 100;

const DECLARATION = /<![A-Za-z][^<>]{0,20000}>/g;
const TITLE = `(?:"(?:[^"\\\\]|\\\\[\\s\\S]){0,20000}"|'(?:[^'\\\\]|\\\\[\\s\\S]){0,20000}'|\\((?:[^()\\\\]|\\\\[\\s\\S]){0,20000}\\))`;
const SPACE = '[ \\t]*(?:\\n[ \\t]*)?';
const LINK_TITLE = new RegExp(
  `(\\]\\(${SPACE}(?:<[^<>\\n]{0,2000}>|[^\\s()<>]{1,2000}(?:\\([^\\s()<>]{0,2000}\\)[^\\s()<>]{0,2000})?)(?=\\s))${SPACE}(${TITLE})${SPACE}\\)`,
  'g',
);
const DEFINITION = new RegExp(
  `^[ \\t>*+-]{0,20}\\[([^[\\]\\n]{1,1000})\\]:${SPACE}(\\S{1,2000})(.*(?:\\n[ \\t]*${TITLE}[ \\t]*$)?)`,
  'gm',
);

/** One pass over the text; the caller repeats it until nothing changes. */
export function stripMarkup(text: string, report: Report): string {
  let result = text;
  for (const delimiter of DELIMITERS) result = stripDelimited(result, delimiter, report);
  result = result.replace(DECLARATION, (match) => {
    report({ kind: 'HTML declaration', characters: match.length });
    return '';
  });
  result = stripImageTexts(stripTags(result, report), report);
  result = result.replace(LINK_TITLE, (_match, link: string, title: string) => {
    report({ kind: 'link title', characters: title.length });
    return `${link})`;
  });
  return stripDefinitions(result, report);
}

type Delimiter = (typeof DELIMITERS)[number];

/** Closed pieces anywhere; an unclosed one hides all that follows when it begins a line (after list and quote marks). */
function stripDelimited(text: string, { open, close, kind }: Delimiter, report: Report): string {
  const kept: string[] = [];
  let from = 0;
  for (let start = text.indexOf(open); start >= 0; start = text.indexOf(open, from)) {
    const closed = text.indexOf(close, start + 2); // `<!-->` is a whole comment
    if (closed < 0) {
      const hidden = hiddenFrom(text, start, open);
      kept.push(text.slice(from, hidden));
      if (hidden < text.length) report({ kind, characters: text.length - hidden });
      return kept.join('');
    }
    kept.push(text.slice(from, start));
    from = closed + close.length;
    report({ kind, characters: from - start });
  }
  kept.push(text.slice(from));
  return kept.join('');
}

/** The first unclosed piece at or after `start` that begins a line; the text's end where none does. */
function hiddenFrom(text: string, start: number, open: string): number {
  for (let at = start; at >= 0; at = text.indexOf(open, at + 1)) {
    const line = text.lastIndexOf('\n', at) + 1;
    if (at - line <= MAX_MARKS && /^[\s>*+\d.)-]*$/.test(text.slice(line, at))) return at;
  }
  return text.length;
}

/** The text of an image is shown only where the image cannot be: `![text](url)` becomes `![](url)`. */
function stripImageTexts(text: string, report: Report): string {
  const closing = bracketPairs(text);
  let out = '';
  let from = 0;
  for (let start = text.indexOf('!['); start >= 0; start = text.indexOf('![', Math.max(from, start + 1))) {
    const end = closing.get(start + 1) ?? -1;
    if (end <= start + 2) continue;
    report({ kind: 'image text', characters: end - start - 2 });
    out += `${text.slice(from, start)}![]`;
    from = end + 1;
  }
  return out + text.slice(from);
}

/** Opening bracket to closing one; a backslash escapes. */
function bracketPairs(text: string): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === '[') open.push(index);
    else if (text[index] === ']') {
      const start = open.pop();
      if (start !== undefined) pairs.set(start, index);
    }
  }
  return pairs;
}

/** A definition is never shown. One that the text refers to keeps its target; any other goes. */
function stripDefinitions(text: string, report: Report): string {
  const uses = new Map<string, number>();
  for (const [, label = ''] of text.matchAll(/\[([^[\]\n]{1,1000})\]/g)) {
    uses.set(label.toLowerCase(), (uses.get(label.toLowerCase()) ?? 0) + 1);
  }
  return text.replace(DEFINITION, (match, label: string, target: string, rest: string) => {
    const isUsed = (uses.get(label.toLowerCase()) ?? 0) > 1;
    return isUsed ? withoutTitle({ match, label, target, title: rest.trim() }, report) : hide(match, report);
  });
}

interface Definition {
  readonly match: string;
  readonly label: string;
  readonly target: string;
  readonly title: string;
}

/** A footnote that is referred to is shown whole. */
function withoutTitle({ match, label, target, title }: Definition, report: Report): string {
  if (title === '' || label.startsWith('^')) return match;
  report({ kind: 'link title', characters: title.length });
  return `[${label}]: ${target}`;
}

function hide(match: string, report: Report): string {
  report({ kind: 'hidden link definition', characters: match.length });
  return '';
}
