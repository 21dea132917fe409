/** AES-256-GCM for the few secrets that rest in the store (git tokens of a fetch phase). */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { GloveboxError } from './errors.ts';
import type { RandomBytes } from './ids.ts';

/** Encrypts and decrypts with one 32-byte key; `context` (e.g. the job's name) is authenticated, not stored. */
export interface SecretBox {
  seal(plain: string, context: string): Uint8Array;
  /** Error `secret-unreadable` when the key, the context or the bytes are not the ones that sealed it. */
  open(box: Uint8Array, context: string): string;
}

/** Builds a box; the key has 32 bytes, layout is nonce (12), tag (16), ciphertext. */
export function createSecretBox(key: Uint8Array, random: RandomBytes): SecretBox {
  if (key.length !== 32) {
    throw new GloveboxError({
      code: 'secret-key-invalid',
      message: `Invalid store key of ${key.length} bytes: expected 32 bytes as 64 hex digits. Make one with: openssl rand -hex 32`,
    });
  }
  return {
    seal(plain, context) {
      const nonce = random(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]);
    },
    open(box, context) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, 12)).setAAD(
          Buffer.from(context),
        );
        decipher.setAuthTag(box.subarray(12, 28));
        return Buffer.concat([decipher.update(box.subarray(28)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new GloveboxError({
          code: 'secret-unreadable',
          message: `A stored secret of '${context}' cannot be decrypted: the store key differs from the one that sealed it. Start with that key.`,
          cause,
        });
      }
    },
  };
}
