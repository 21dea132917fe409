/** What was taken out of an issue's text, so that the answer can say so. */

/** One removed part: a word for its kind, and its length in characters. */
export interface Removal {
  readonly kind: string;
  readonly characters: number;
}

/** Removals of one kind together. */
export interface RemovedKind {
  readonly kind: string;
  readonly count: number;
  readonly characters: number;
}

/** Sums removals by kind, in the order in which kinds were first met. */
export function sumRemovals(removals: readonly Removal[]): RemovedKind[] {
  const kinds = new Map<string, RemovedKind>();
  for (const { kind, characters } of removals) {
    const before = kinds.get(kind) ?? { kind, count: 0, characters: 0 };
    kinds.set(kind, { kind, count: before.count + 1, characters: before.characters + characters });
  }
  return [...kinds.values()];
}
