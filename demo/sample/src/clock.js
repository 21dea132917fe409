import { parseDuration } from './parse-duration.js';

/**
 * The moment that lies a duration after another.
 *
 * @param {Date} start
 * @param {string} duration such as `90m`
 * @returns {Date} a new date
 */
export function after(start, duration) {
  return new Date(start.getTime() + parseDuration(duration) * 1000);
}

/**
 * The moment that lies a duration before another.
 *
 * @param {Date} end
 * @param {string} duration such as `90m`
 * @returns {Date} a new date
 */
export function before(end, duration) {
  return new Date(end.getTime() - parseDuration(duration) * 1000);
}
