/** Bytes as text, where they are text: the gates and the diff treat everything else as binary. */

/** UTF-8 without NUL as a string; null for binary bytes and for bytes that were not read. */
export function textOf(bytes: Uint8Array | null): string | null {
  if (bytes === null || bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
