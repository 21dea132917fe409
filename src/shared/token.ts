/**
 * Tokens that we issue ourselves: one per phase, opening only our gateway. A fixed prefix and a checksum make them
 * findable in any text; only their hash is stored.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { RandomBytes } from './ids.ts';

/** Every token that we issue, wherever it stands in a text; check candidates with `isIssuedToken`. */
export const ISSUED_TOKEN_PATTERN = /gbx_[0-9A-Za-z_-]{43}[0-9a-f]{8}/g;

/** A fresh token: `gbx_`, 32 random bytes as base64url (43 characters), CRC-32 of both as 8 hex digits. */
export function issueToken(random: RandomBytes): string {
  const body = `gbx_${Buffer.from(random(32)).toString('base64url')}`;
  return body + checksum(body);
}

/** True for text of a token's exact form whose checksum holds. */
export function isIssuedToken(text: string): boolean {
  const body = text.slice(0, -8);
  return /^gbx_[0-9A-Za-z_-]{43}[0-9a-f]{8}$/.test(text) && checksum(body) === text.slice(-8);
}

/** What the record keeps of a token. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}
