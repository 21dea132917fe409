import { UNITS } from './units.js';

const PATTERN = /^\s*(\d+(?:\.\d+)?)\s*(ms|w|d|h|m|s)/i;

/**
 * Reads a duration such as `90m`, `1.5h` or `1h30m` and answers in seconds.
 *
 * @param {string} text
 * @returns {number} seconds
 * @throws {RangeError} when the text is no duration
 */
export function parseDuration(text) {
  const match = PATTERN.exec(text);
  if (match === null) throw new RangeError(`Invalid duration '${text}': expected a number and a unit, such as 90m`);
  return round(Number(match[1]) * UNITS[match[2].toLowerCase()]);
}

/** Milliseconds are the finest unit, so floating-point noise below them is cut. */
function round(seconds) {
  return Math.round(seconds * 1000) / 1000;
}
