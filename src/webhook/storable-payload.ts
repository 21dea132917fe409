/**
 * A payload as the record keeps it: without the links, which follow from names and are 80 % of the bytes (11,842 to 2,256
 * in GitHub's example of `issues.labeled`), and without what PostgreSQL's jsonb refuses, NUL and lone surrogates, over
 * which no delivery may get lost.
 */

const REFUSED = /\\u(?:0000|d[89a-f][0-9a-f]{2})/i;

/** JSON text for the store; `text` is what `payload` was parsed from. */
export function storablePayload(payload: unknown, text: string): string {
  return JSON.stringify(keep(payload, REFUSED.test(text)));
}

function keep(value: unknown, mustClean: boolean): unknown {
  if (typeof value === 'string') return mustClean ? clean(value) : value;
  if (Array.isArray(value)) return value.map((item) => keep(item, mustClean));
  return value !== null && typeof value === 'object' ? keepFields(value, mustClean) : value;
}

function keepFields(value: object, mustClean: boolean): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (isWanted(key)) kept[mustClean ? clean(key) : key] = keep(inner, mustClean);
  }
  return kept;
}

function isWanted(key: string): boolean {
  return !key.endsWith('url') && key !== 'node_id' && key !== '__proto__';
}

function clean(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
