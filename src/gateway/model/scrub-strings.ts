/**
 * Applies a scrubber to every decoded string of a JSON value. Deterministic, so that a conversation that is sent again
 * keeps its cached prefix. A value without a hit is returned as the same object.
 */
import { ISSUED_TOKEN_PATTERN, isIssuedToken } from '../../shared/token.ts';

/** Replaces secrets in one text; answers the same text where there is none. */
export type Scrub = (text: string) => string;

/** Bytes in text form, and what a provider signed: changing one letter would break the request, and no secret hides there unseen. */
const OPAQUE_KEYS = new Set(['signature', 'encrypted_content', 'encrypted_index', 'encrypted_stdout']);
const OPAQUE_TYPES = new Set<unknown>(['thinking', 'redacted_thinking', 'base64']);

/** Scrubs keys and values, but for thinking blocks, signatures and encoded files. */
export function scrubStrings(value: unknown, scrub: Scrub): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return scrubArray(value, scrub);
  if (value === null || typeof value !== 'object') return value;
  if ('type' in value && OPAQUE_TYPES.has(value.type)) return value;
  const entries = Object.entries(value);
  const scrubbed = entries.map(([key, inner]) => scrubMember(key, inner, scrub));
  const same = scrubbed.every(
    ([key, inner], index) => key === entries[index]?.[0] && inner === entries[index]?.[1],
  );
  return same ? value : Object.fromEntries(scrubbed);
}

function scrubMember(key: string, value: unknown, scrub: Scrub): readonly [string, unknown] {
  return OPAQUE_KEYS.has(key) ? [key, value] : [scrub(key), scrubStrings(value, scrub)];
}

function scrubArray(items: readonly unknown[], scrub: Scrub): unknown {
  const scrubbed = items.map((item) => scrubStrings(item, scrub));
  return scrubbed.every((item, index) => item === items[index]) ? items : scrubbed;
}

/** A scrubber for what we know exactly: tokens we issued, by form and checksum, and the given secrets. */
export function exactScrub(secrets: readonly string[]): Scrub {
  const known = secrets.filter((secret) => secret.length >= 8);
  return (text) => {
    let result = text;
    if (text.includes('gbx_')) {
      result = result.replace(ISSUED_TOKEN_PATTERN, (found) =>
        isIssuedToken(found) ? '[removed: sandbox token]' : found,
      );
    }
    for (const secret of known) {
      if (result.includes(secret)) result = result.replaceAll(secret, '[removed: credential]');
    }
    return result;
  };
}

/** Names of members and kinds of blocks, which come again in every message. */
const SHORT = 24;
const MAX_CLEAN = 5_000;

/** The same scrubber; short texts that it found clean are not looked through again. */
export function rememberingClean(scrub: Scrub): Scrub {
  const clean = new Set<string>();
  return (text) => {
    if (clean.has(text)) return text;
    const scrubbed = scrub(text);
    if (scrubbed !== text || text.length > SHORT) return scrubbed;
    if (clean.size >= MAX_CLEAN) clean.clear();
    clean.add(text);
    return text;
  };
}
