/**
 * HTML tags as GitHub shows them: known ones without their attributes but for where they lead, unknown ones not at all.
 * One pass from the right finds every tag's end, so the time is linear whatever the quotes do.
 */
import type { Removal } from './removal.ts';

/** Elements that GitHub's sanitiser keeps. A tag of any other name is not shown, nor is what its name says. */
const SHOWN = new Set(
  `a abbr b bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 h7 h8 hr
  i img ins kbd li mark ol p picture pre q rp rt ruby s samp small source span strike strong sub summary sup table tbody td
  tfoot th thead time tr tt ul var video wbr`.split(/\s+/),
);
const SOURCE = /\b(href|src)\s*=\s*(?:"([^"\s<>]{1,2000})"|'([^'\s<>]{1,2000})')/i;
const NAME = /^<\/?([A-Za-z][^\s/<>]{0,20000})/;
const AUTOLINK = /^<[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>$|^<[^\s<>@]+@[^\s<>@]+>$/;

/** Strips every tag of the text; reports hidden attributes and unknown tags. */
export function stripTags(text: string, report: (removal: Removal) => void): string {
  if (!text.includes('<')) return text;
  const ends = tagEnds(text);
  let out = '';
  let from = 0;
  for (let start = text.indexOf('<'); start >= 0; start = text.indexOf('<', Math.max(from, start + 1))) {
    const end = /^<\/?[A-Za-z]/.test(text.slice(start, start + 3)) ? (ends[start + 1] ?? -1) : -1;
    if (end < 0) continue;
    out += text.slice(from, start) + shownTag(text.slice(start, end + 1), report);
    from = end + 1;
  }
  return out + text.slice(from);
}

function shownTag(tag: string, report: (removal: Removal) => void): string {
  if (AUTOLINK.test(tag)) return tag;
  const name = NAME.exec(tag)?.[1] ?? '';
  if (!SHOWN.has(name.toLowerCase())) {
    report({ kind: 'HTML tag that is not shown', characters: tag.length });
    return '';
  }
  const rest = tag.slice(tag.indexOf(name) + name.length, -1);
  const source = SOURCE.exec(rest);
  const hidden = rest.replace(SOURCE, '').replace(/[\s/]+/g, '');
  if (hidden === '') return tag;
  report({ kind: 'HTML attribute', characters: hidden.length });
  const url = source?.[2] ?? source?.[3];
  return `${tag.startsWith('</') ? '</' : '<'}${name}${url === undefined ? '' : ` ${source?.[1]}="${url}"`}>`;
}

/** For each position, where a tag that is open there ends; -1 where it never does. Quotes hide `<` and `>`. */
function tagEnds(text: string): Int32Array {
  const bare = new Int32Array(text.length + 1).fill(-1);
  let inDouble = -1;
  let inSingle = -1;
  for (let index = text.length - 1; index >= 0; index--) {
    const next = bare[index + 1] ?? -1;
    const char = text[index];
    bare[index] = bareEnd({ char, index, next, inDouble, inSingle });
    if (char === '"') inDouble = next;
    if (char === "'") inSingle = next;
  }
  return bare;
}

interface Step {
  readonly char: string | undefined;
  readonly index: number;
  readonly next: number;
  /** Ends of a tag whose double- or single-quoted value is open here. */
  readonly inDouble: number;
  readonly inSingle: number;
}

function bareEnd({ char, index, next, inDouble, inSingle }: Step): number {
  switch (char) {
    case '>':
      return index;
    case '<':
      return -1;
    case '"':
      return inDouble;
    case "'":
      return inSingle;
    default:
      return next;
  }
}
