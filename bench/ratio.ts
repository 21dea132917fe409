/** One line of `npm run bench`: a number with its label, goal and what it was measured on. */
export interface Ratio {
  readonly label: string;
  readonly value: number;
  /** `x` for a ratio; times, sizes, counts and rates are absolute. */
  readonly unit: 'x' | 'ms' | 's' | 'GiB' | '/s' | 'calls';
  /** Null where a number is only told, e.g. a peer's. */
  readonly goal: number | null;
  /** Which side of the goal is met. */
  readonly good: 'at-most' | 'at-least';
  /** Circumstances, in a few words. */
  readonly detail: string;
}

/** Whether the goal is met; null where there is none. */
export function isMet({ value, goal, good }: Ratio): boolean | null {
  if (goal === null) return null;
  return good === 'at-most' ? value <= goal : value >= goal;
}
