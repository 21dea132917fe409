/**
 * A text for one reader over a channel that many can read: the reader makes a key pair, the writer gets its public half.
 * RSA-OAEP carries a fresh key, AES-256-GCM the text.
 */
import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { RandomBytes } from './ids.ts';
import { createSecretBox } from './secret-box.ts';

/** The reader's side. */
export interface AnswerKey {
  /** SPKI, PEM. */
  readonly publicKey: string;
  /** Error `secret-unreadable` for what was not sealed to this key; also throws on anything malformed. */
  open(sealed: string): string;
}

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
const CONTEXT = 'answer';

/** A fresh key pair; the private half never leaves this object. */
export function newAnswerKey(random: RandomBytes): AnswerKey {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return {
    publicKey: String(pair.publicKey.export({ type: 'spki', format: 'pem' })),
    open: (sealed) => {
      const [key = '', box = ''] = sealed.split('.');
      const opened = privateDecrypt({ key: pair.privateKey, ...OAEP }, Buffer.from(key, 'base64url'));
      return createSecretBox(opened, random).open(Buffer.from(box, 'base64url'), CONTEXT);
    },
  };
}

/** The writer's side: two base64url parts with a dot between them, a third longer than the text, and 400 characters. */
export function sealTo(publicKey: string, text: string, random: RandomBytes): string {
  const key = random(32);
  const wrapped = publicEncrypt({ key: publicKey, ...OAEP }, key);
  const box = createSecretBox(key, random).seal(text, CONTEXT);
  return `${wrapped.toString('base64url')}.${Buffer.from(box).toString('base64url')}`;
}
