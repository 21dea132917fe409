/**
 * What the runner itself says to its container's log: bounded, since logs count towards a pod's disk, and without signs
 * that a terminal obeys, since lines hold the repository's own words. Nothing that tools write comes here.
 */

const MAX_LINE = 1_000;
const MAX_LINES = 1_000;

/** Builds the function that writes a line; what is past the bound is dropped, and said once. */
export function boundedSay(write: (text: string) => void): (line: string) => void {
  let lines = 0;
  return (line) => {
    lines++;
    if (lines > MAX_LINES + 1) return;
    const text = lines > MAX_LINES ? `(nothing more is said after ${MAX_LINES} lines)` : line;
    write(`${text.slice(0, MAX_LINE).replace(/\p{Cc}/gu, ' ')}\n`);
  };
}
