/**
 * Characters that a reader does not see and a model reads: zero-width, bidirectional, tags, variation selectors,
 * controls; raw or written as HTML entities.
 */
import type { Removal } from './removal.ts';

interface Kind {
  readonly kind: string;
  readonly ranges: readonly (readonly [number, number])[];
}

/** Unicode ranges by the word that people read. The tag block and the selectors can carry whole sentences. */
const KINDS: readonly Kind[] = [
  {
    kind: 'run of zero-width characters',
    ranges: [
      [0xad, 0xad],
      [0x34f, 0x34f],
      [0x115f, 0x1160],
      [0x17b4, 0x17b5],
      [0x180e, 0x180e],
      [0x200b, 0x200d],
      [0x2060, 0x2065],
      [0x206a, 0x206f],
      [0x2800, 0x2800],
      [0x3164, 0x3164],
      [0xfeff, 0xfeff],
      [0xffa0, 0xffa0],
      [0x1bca0, 0x1bca3],
      [0x1d173, 0x1d17a],
    ],
  },
  {
    kind: 'run of bidirectional controls',
    ranges: [
      [0x61c, 0x61c],
      [0x200e, 0x200f],
      [0x202a, 0x202e],
      [0x2066, 0x2069],
    ],
  },
  { kind: 'run of tag characters', ranges: [[0xe0000, 0xe0fff]] },
  {
    kind: 'run of variation selectors',
    ranges: [
      [0x180b, 0x180d],
      [0x180f, 0x180f],
      [0xfe00, 0xfe0f],
    ],
  },
  {
    kind: 'run of control characters',
    ranges: [
      [0x0, 0x8],
      [0xb, 0xc],
      [0xe, 0x1f],
      [0x7f, 0x9f],
      [0x2028, 0x2029],
      [0xfdd0, 0xfdef],
      [0xfff9, 0xfffb],
      [0xfffe, 0xffff],
    ],
  },
];

const NAMED: Readonly<Record<string, number>> = {
  shy: 0xad,
  zwj: 0x200d,
  zwnj: 0x200c,
  lrm: 0x200e,
  rlm: 0x200f,
  ZeroWidthSpace: 0x200b,
  NegativeVeryThinSpace: 0x200b,
  NegativeThinSpace: 0x200b,
  NegativeMediumSpace: 0x200b,
  NegativeThickSpace: 0x200b,
  NoBreak: 0x2060,
  ApplyFunction: 0x2061,
  af: 0x2061,
  InvisibleTimes: 0x2062,
  it: 0x2062,
  InvisibleComma: 0x2063,
  ic: 0x2063,
};

const PATTERNS = KINDS.map(({ kind, ranges }) => ({
  kind,
  pattern: new RegExp(
    `[${ranges.map(([from, to]) => `${inPattern(from)}-${inPattern(to)}`).join('')}]+`,
    'gu',
  ),
}));

const ENTITY = /&(?:#(\d{1,10})|#[xX]([0-9a-fA-F]{1,8})|([A-Za-z]{2,24}));?/g;

/** Takes out every such character and entity; reports each run. */
export function stripHiddenCharacters(text: string, report: (removal: Removal) => void): string {
  let result = text.replace(ENTITY, (entity, decimal?: string, hex?: string, name?: string) => {
    if (!isHidden(codePointOf({ decimal, hex, name }))) return entity;
    report({ kind: 'entity of an invisible character', characters: entity.length });
    return '';
  });
  for (const { kind, pattern } of PATTERNS) {
    result = result.replace(pattern, (run) => {
      report({ kind, characters: [...run].length });
      return '';
    });
  }
  return result;
}

interface EntityParts {
  readonly decimal: string | undefined;
  readonly hex: string | undefined;
  readonly name: string | undefined;
}

function codePointOf({ decimal, hex, name }: EntityParts): number {
  if (decimal !== undefined) return Number.parseInt(decimal, 10);
  if (hex !== undefined) return Number.parseInt(hex, 16);
  return Object.hasOwn(NAMED, name ?? '') ? (NAMED[name ?? ''] ?? -1) : -1;
}

function isHidden(codePoint: number): boolean {
  return KINDS.some(({ ranges }) => ranges.some(([from, to]) => codePoint >= from && codePoint <= to));
}

function inPattern(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}
