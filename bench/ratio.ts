/** One line of `npm run bench`: a number with its label, goal and what it was measured on. */
export interface Ratio {
  readonly label: string;
  readonly value: number;
  /** `x` for a ratio, `ms` for an absolute time. */
  readonly unit: 'x' | 'ms';
  /** At most this much. */
  readonly goal: number;
  /** Circumstances, in a few words. */
  readonly detail: string;
}
