/** A text with some of its parts replaced that still knows where each character came from; used by `decoded-views`. */

/** The new text, and the place in the old one that holds its characters `start` to `end`. */
export interface RewrittenText {
  readonly text: string;
  origin(start: number, end: number): readonly [number, number];
}

/** A stretch of the new text: copied from the old one, or put in its place. */
interface Piece {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly isCopy: boolean;
}

/** Replaces every match; null where nothing changes. `pattern` is global. */
export function rewriteText(
  text: string,
  pattern: RegExp,
  replace: (match: RegExpExecArray) => string,
): RewrittenText | null {
  const pieces: Piece[] = [];
  let rewritten = '';
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    const to = match.index + match[0].length;
    pieces.push({ at: rewritten.length, from, to: match.index, isCopy: true });
    rewritten += text.slice(from, match.index);
    pieces.push({ at: rewritten.length, from: match.index, to, isCopy: false });
    rewritten += replace(match);
    from = to;
  }
  if (pieces.length === 0) return null;
  pieces.push({ at: rewritten.length, from, to: text.length, isCopy: true });
  rewritten += text.slice(from);
  return rewritten === text ? null : { text: rewritten, origin: originOf(pieces) };
}

function originOf(pieces: readonly Piece[]): RewrittenText['origin'] {
  return (start, end) => {
    const first = pieceAt(pieces, start);
    const last = pieceAt(pieces, Math.max(start, end - 1));
    const from = first.isCopy ? first.from + start - first.at : first.from;
    return [from, last.isCopy ? last.from + end - last.at : last.to];
  };
}

/** The last piece that starts at or before the offset, by binary search. */
function pieceAt(pieces: readonly Piece[], offset: number): Piece {
  let low = 0;
  let high = pieces.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((pieces[middle]?.at ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return pieces[low] ?? { at: 0, from: 0, to: 0, isCopy: true };
}
