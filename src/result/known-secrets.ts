/**
 * Finds secrets that we know: tokens that we issued (prefix and checksum, or hash) and values given in full, also where
 * their first or last characters were cut off.
 */
import { ISSUED_TOKEN_PATTERN, isIssuedToken, tokenHash } from '../shared/token.ts';

/** What we know to be secret: values in full, and hashes of the tokens that we issued (`tokenHash`). */
export interface KnownSecrets {
  readonly values: readonly string[];
  readonly issuedTokenHashes: ReadonlySet<string>;
}

/** Nothing known but what a text shows by itself. */
export const NOTHING_KNOWN: KnownSecrets = { values: [], issuedTokenHashes: new Set() };

/** One secret in a text: its kind in words, and where it stands (UTF-16 offsets; `end` excluded). */
export interface SecretSpan {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  /** False: it only looks like one. */
  readonly certain: boolean;
}

/** Shorter values are no secrets, and would match everywhere. */
const MIN_VALUE_CHARACTERS = 8;
/** The public beginning of providers' keys: shared by all of them, so no sign of a leak. */
const PUBLIC_PREFIX = /^(sk-ant-[a-z]+\d\d-|github_pat_|gh[a-z]_|glpat-|xox[a-z]-|gbx_|sk-|npm_)/;
/** A token without its first characters: `x_` and what follows is enough to try the checksum. */
const HEADLESS_TOKEN = /(?<![0-9A-Za-z_-])(?:b?x?_)?(?<body>[0-9A-Za-z_-]{43}[0-9a-f]{8})(?![0-9A-Za-z_-])/dg;

/** All places where a known secret, or a long enough part of one, stands. */
export function knownSpans(text: string, known: KnownSecrets): SecretSpan[] {
  return [...issuedTokens(text, known), ...known.values.flatMap((value) => partsOf(text, value))];
}

function issuedTokens(text: string, known: KnownSecrets): SecretSpan[] {
  const spans: SecretSpan[] = [];
  for (const match of text.matchAll(ISSUED_TOKEN_PATTERN)) {
    const token = match[0];
    if (!isIssuedToken(token) && !known.issuedTokenHashes.has(tokenHash(token))) continue;
    spans.push({
      kind: 'Glovebox token',
      start: match.index,
      end: match.index + token.length,
      certain: true,
    });
  }
  for (const match of text.matchAll(HEADLESS_TOKEN)) {
    const body = match.groups?.['body'] ?? '';
    if (!isIssuedToken(`gbx_${body}`)) continue;
    spans.push({
      kind: 'Glovebox token',
      start: match.index,
      end: match.index + match[0].length,
      certain: true,
    });
  }
  return spans;
}

/**
 * Looks for pieces of the value, each a third of it (8 to 12 characters), so that "cut the first 7" does not help
 * (INC-05). Every hit is widened to the whole run that agrees with the value.
 */
function partsOf(text: string, value: string): SecretSpan[] {
  if (value.length < MIN_VALUE_CHARACTERS) return [];
  const size = Math.min(12, Math.max(MIN_VALUE_CHARACTERS, Math.floor(value.length / 3)));
  const first = Math.min(PUBLIC_PREFIX.exec(value)?.[0].length ?? 0, value.length - size);
  const step = value.length > 40 ? 4 : 1;
  const spans = new Map<string, SecretSpan>();
  for (let from = first; from + size <= value.length; from += step) {
    const piece = value.slice(from, from + size);
    for (let at = text.indexOf(piece); at !== -1; at = text.indexOf(piece, at + 1)) {
      const span = widened(text, value, { at, from, size });
      spans.set(`${span.start}-${span.end}`, span);
    }
  }
  return [...spans.values()];
}

function widened(text: string, value: string, hit: { at: number; from: number; size: number }): SecretSpan {
  let before = 0;
  while (before < hit.from && before < hit.at && text[hit.at - before - 1] === value[hit.from - before - 1])
    before += 1;
  let end = hit.at + hit.size;
  let next = hit.from + hit.size;
  while (next < value.length && end < text.length && text[end] === value[next]) {
    end += 1;
    next += 1;
  }
  return { kind: 'known secret', start: hit.at - before, end, certain: true };
}
