import { UNITS, UNIT_NAMES } from './units.js';

/**
 * Writes seconds as one number in the largest unit that divides them: 5400 is `90m`, 7200 is `2h`.
 * One unit, because time sheets sort and sum these cells.
 *
 * @param {number} seconds at least 0
 * @returns {string}
 */
export function format(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) throw new RangeError(`Invalid seconds '${seconds}': expected 0 or more`);
  if (seconds === 0) return '0s';
  const milliseconds = Math.round(seconds * 1000);
  const unit = UNIT_NAMES.find((name) => milliseconds % Math.round(UNITS[name] * 1000) === 0) ?? 'ms';
  return `${milliseconds / Math.round(UNITS[unit] * 1000)}${unit}`;
}
