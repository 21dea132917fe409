/** Scrubs the strings of a large JSON value in steps, before it is read: reading it then takes no time to speak of. */
import type { Steps } from '../../shared/steps.ts';
import { type Scrub, scrubStrings } from './scrub-strings.ts';

/** One scrubber in two forms. */
export interface Scrubber {
  readonly scrub: Scrub;
  /** The same for a long text. */
  readonly scrubInSteps: (text: string) => Steps<string>;
}

/** Below this a value is scrubbed as it is read, within a few milliseconds. */
const AT_ONCE_BYTES = 32_768;

/** A scrubber for `scrubStrings` of this very value; `bytes` is the length of its JSON. */
export function* scrubAhead(value: unknown, bytes: number, scrubber: Scrubber): Steps<Scrub> {
  if (bytes <= AT_ONCE_BYTES) return scrubber.scrub;
  const texts: string[] = [];
  scrubStrings(value, (text) => {
    texts.push(text);
    return text;
  });
  const scrubbed: string[] = [];
  for (const text of texts) {
    scrubbed.push(text.length <= AT_ONCE_BYTES ? scrubber.scrub(text) : yield* scrubber.scrubInSteps(text));
    yield;
  }
  // they come in the same order: a map of long texts of one length would compare them all
  let at = 0;
  return (text) => {
    const index = at;
    at += 1;
    return texts[index] === text ? (scrubbed[index] ?? text) : scrubber.scrub(text);
  };
}
