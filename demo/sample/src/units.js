/** Seconds in each unit, largest first. */
export const UNITS = Object.freeze({ w: 604800, d: 86400, h: 3600, m: 60, s: 1, ms: 0.001 });

/** The unit names, largest first. */
export const UNIT_NAMES = Object.freeze(Object.keys(UNITS));
