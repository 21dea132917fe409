/** "Did you mean": the known word nearest to a mistyped one, for configuration keys. */

/** The known word within 2 slips (a swap is one) and under half of the word's length, else null. */
export function suggest(word: string, known: readonly string[]): string | null {
  const lowered = word.slice(0, 60).toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, slips: slipsBetween(lowered, candidate.toLowerCase()) }))
    .filter(({ candidate, slips }) => slips <= 2 && slips * 2 < candidate.length)
    .sort((a, b) => a.slips - b.slips);
  return ranked[0]?.candidate ?? null;
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
function slipsBetween(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row.push(cell({ a, b, i, j, row, previous, before }));
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}

interface Cell {
  readonly a: string;
  readonly b: string;
  readonly i: number;
  readonly j: number;
  readonly row: readonly number[];
  readonly previous: readonly number[];
  readonly before: readonly number[];
}

function cell({ a, b, i, j, row, previous, before }: Cell): number {
  const substituted = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
  const least = Math.min(at(previous, j) + 1, at(row, j - 1) + 1, substituted);
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
  return swapped ? Math.min(least, at(before, j - 2) + 1) : least;
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
