/** The middle of what was measured. */

/** Of at least one value; of an even count the upper of both in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
