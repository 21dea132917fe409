/**
 * Code keeps its markup, since GitHub shows it. It is found more strictly than Markdown does: what we take for code and
 * GitHub does not would keep what is hidden in it. In doubt, text is no code and is stripped.
 */

/** Stand-ins for code while markup is stripped; both ends are noncharacters, which are stripped from input before. */
const STAND_IN = /\ufdd0(\d{1,6})\ufdd1/g;

/** What begins an HTML block that blank lines do not end; after one, no code is trusted. */
const OPEN_HTML = /<(?:!|\?|script|pre|style|textarea)/i;
/** A line that can begin an HTML block: `<` after indentation, list and quote marks. */
const HTML_LINE = /^[\s>*+\d.)-]*<[A-Za-z/!?]/;
const FENCE = /^(`{3,}|~{3,})[^`]*$/;

/** Text with code replaced by stand-ins. */
export interface Shielded {
  readonly text: string;
  /** Puts the code back wherever its stand-in is left. */
  restore(text: string): string;
}

/** Shields fenced blocks (closed, not indented) and code spans (on one line, in a paragraph without HTML). */
export function shieldCode(text: string): Shielded {
  const kept: string[] = [];
  const shield = (code: string): string => `\ufdd0${kept.push(code) - 1}\ufdd1`;
  return {
    text: shieldLines(text.split(/(?<=\n)/), shield),
    restore: (stripped) => stripped.replace(STAND_IN, (_match, index: string) => kept[Number(index)] ?? ''),
  };
}

interface Scan {
  readonly out: string[];
  /** Lines with markup so far: all that trust is decided on. */
  html: string;
  paragraphStart: number;
}

/** Up to the first fence that is not closed or not trusted; from there on nothing is taken for a block of code. */
function shieldLines(lines: readonly string[], shield: (code: string) => string): string {
  const scan: Scan = { out: [], html: '', paragraphStart: 0 };
  let index = 0;
  while (index < lines.length) {
    const end = FENCE.test((lines[index] ?? '').trimEnd()) ? trustedEnd(scan, lines, index) : index + 1;
    if (end < 0) break;
    if (end === index + 1) takeLine(scan, lines[index] ?? '');
    else scan.paragraphStart = scan.out.push(shield(lines.slice(index, end).join('')));
    index = end;
  }
  return shieldSpans(scan.out.join('') + lines.slice(index).join(''), shield);
}

function takeLine(scan: Scan, line: string): void {
  if (line.trim() === '') scan.paragraphStart = scan.out.length + 1;
  if (/[<>]/.test(line)) scan.html += line;
  scan.out.push(line);
}

/** The line after a fence's end; -1 where it is not closed, or cannot be told from text inside an HTML block. */
function trustedEnd(scan: Scan, lines: readonly string[], start: number): number {
  const end = closingLine(lines, start);
  return end > start && isTrusted(scan.html, scan.out.slice(scan.paragraphStart)) ? end : -1;
}

/** No HTML block can be open: none that spans paragraphs, and none in this one. */
function isTrusted(html: string, paragraph: readonly string[]): boolean {
  if (OPEN_HTML.test(withoutComments(html))) return false;
  return !withoutComments(paragraph.join(''))
    .split('\n')
    .some((line) => HTML_LINE.test(line));
}

/** Text without closed comments, which end on their own and so hide no fence. */
function withoutComments(text: string): string {
  let out = '';
  let from = 0;
  for (let start = text.indexOf('<!--'); start >= 0; start = text.indexOf('<!--', from)) {
    const end = text.indexOf('-->', start + 2);
    if (end < 0) break;
    out += text.slice(from, start);
    from = end + 3;
  }
  return out + text.slice(from);
}

function closingLine(lines: readonly string[], start: number): number {
  const fence = FENCE.exec((lines[start] ?? '').trimEnd())?.[1] ?? '';
  const closing = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}\\s*$`);
  const end = lines.findIndex((line, index) => index > start && closing.test(line));
  return end < 0 ? start : end + 1;
}

function shieldSpans(text: string, shield: (code: string) => string): string {
  let trusted = true;
  return text
    .split(/(\n[ \t]*\n)/)
    .map((paragraph) => {
      trusted &&= !OPEN_HTML.test(withoutComments(paragraph));
      if (!trusted || !isTrusted('', [paragraph])) return paragraph;
      return paragraph
        .split(/(?<=\n)/)
        .map((line) => lineSpans(line, shield))
        .join('');
    })
    .join('');
}

/** Spans of one line, from the left, as long as nothing before them could be a tag, an escape or a table's border. */
function lineSpans(line: string, shield: (code: string) => string): string {
  if (line.includes('|')) return line;
  const runs = [...line.matchAll(/`+/g)].map((run) => ({ from: run.index, to: run.index + run[0].length }));
  let out = '';
  let done = 0;
  for (let index = 0; index < runs.length; index++) {
    const open = runs[index];
    const close = runs.findIndex(
      (run, at) => at > index && open && run.to - run.from === open.to - open.from,
    );
    const end = runs[close]?.to;
    if (!open || end === undefined || /<[A-Za-z/!?]|\\$/.test(line.slice(done, open.from))) break;
    out += line.slice(done, open.from) + shield(line.slice(open.from, end));
    done = end;
    index = close;
  }
  return out + line.slice(done);
}
