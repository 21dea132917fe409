/** A stored text: deflated where that makes it smaller, checked against its digest when it is read. */
import { hash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { GloveboxError } from '../../shared/errors.ts';

/** A text as it is stored. */
export interface PackedText {
  readonly deflated: boolean;
  readonly bytes: Uint8Array;
}

/** A row of `transcript_chunk`. */
export interface Chunk extends PackedText {
  readonly digest: Uint8Array;
}

/** Under this many bytes deflating saves nothing worth its time. */
const LEAST_TO_DEFLATE = 200;

/** Packs a text. */
export function packText(text: string): PackedText {
  const plain = Buffer.from(text);
  if (plain.length >= LEAST_TO_DEFLATE) {
    const packed = deflateRawSync(plain, { level: 1 });
    if (packed.length < plain.length) return { deflated: true, bytes: packed };
  }
  return { deflated: false, bytes: plain };
}

/** The text. Error `transcript-damaged` when the bytes are not the ones that the digest names. */
export function unpackChunk(chunk: Chunk): string {
  const text = (chunk.deflated ? inflateRawSync(chunk.bytes) : Buffer.from(chunk.bytes)).toString('utf8');
  const digest = Buffer.from(chunk.digest).toString('hex');
  if (hash('sha256', text) === digest) return text;
  throw new GloveboxError({
    code: 'transcript-damaged',
    message: `The transcript text 'sha256:${digest}' in the store differs from its digest: restore it from a backup.`,
  });
}
