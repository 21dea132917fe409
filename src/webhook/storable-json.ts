/**
 * A payload's JSON text as PostgreSQL's jsonb takes it: it refuses NUL and lone surrogates, which an issue's text may
 * hold. A delivery must not get lost over a character.
 */

const REFUSED = /\\u(?:0000|d[89a-f][0-9a-f]{2})/i;

/** The text itself, or its re-encoding with U+FFFD for what the store refuses. */
export function storableJson(text: string): string {
  return REFUSED.test(text) ? JSON.stringify(clean(JSON.parse(text))) : text;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\ufffd').toWellFormed();
  if (Array.isArray(value)) return value.map(clean);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]) => [clean(key), clean(inner)] as const);
  return Object.fromEntries(entries);
}
