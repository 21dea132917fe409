/**
 * Reads one message of a request, once: its identity without cache marks, what in it costs extra, and its text with
 * secrets removed. A conversation sends its old messages again at every turn, so readings are kept by the raw bytes' hash.
 */
import { hash } from 'node:crypto';
import { canonicalJson } from '../../shared/digest.ts';
import type { Steps } from '../../shared/steps.ts';
import { type Found, findIn, nothingFound } from './cost-features.ts';
import { parseSpan, type Span } from './json-spans.ts';
import { type Scrubber, scrubAhead } from './scrub-ahead.ts';
import { type Scrub, scrubStrings } from './scrub-strings.ts';
import { SizedMemo, type SizedMemoRule } from './sized-memo.ts';

/** One message as the gateway knows it. */
export interface ReadMessage {
  /** SHA-256 of `text`, hex: equal for the same message with or without cache marks, whatever its key order. */
  readonly digest: string;
  /** Canonical JSON without cache marks; null once it is stored. */
  text: string | null;
  /** Where the cache marks were, e.g. `0 2.1`: block, and block inside a tool result. */
  readonly marks: string;
  readonly found: Found;
  /** JSON to send instead of the bytes that came; null where nothing was scrubbed. */
  readonly replacement: Buffer | null;
}

/** What reading new bytes takes. */
export interface Reader extends Scrubber {
  /** Hears of bytes that were not read before. */
  onNew(bytes: number): void;
}

/** Readings of recent messages, bounded by count and bytes. */
export class MessageMemo {
  private readonly kept: SizedMemo<ReadMessage>;

  constructor(rule: SizedMemoRule) {
    this.kept = new SizedMemo(rule);
  }

  /** The reading of these bytes. Error `json-invalid`. */
  *read(bytes: Buffer, span: Span, reader: Reader): Steps<ReadMessage> {
    const key = hash('sha256', bytes.subarray(span.start, span.end), 'base64');
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const size = span.end - span.start;
    reader.onNew(size);
    const value = parseSpan(bytes, span);
    const message = readMessage(value, yield* scrubAhead(value, size, reader));
    this.kept.set(key, message, size);
    yield;
    return message;
  }
}

/** Reads a parsed message. */
export function readMessage(value: unknown, scrub: Scrub): ReadMessage {
  const scrubbed = scrubStrings(value, scrub);
  const marks: string[] = [];
  const text = canonicalJson(withoutMarks(scrubbed, '', marks));
  const found = nothingFound();
  findIn(scrubbed, found);
  return {
    digest: hash('sha256', text),
    text,
    marks: marks.join(' '),
    found,
    replacement: scrubbed === value ? null : Buffer.from(JSON.stringify(scrubbed)),
  };
}

/** Cache marks stand on blocks, and on blocks inside a block's `content`; anything deeper is data. */
function withoutMarks(message: unknown, at: string, marks: string[]): unknown {
  if (message === null || typeof message !== 'object' || !('content' in message)) return message;
  if (!Array.isArray(message.content)) return message;
  const content = message.content.map((block: unknown, index) => {
    const path = at === '' ? String(index) : `${at}.${index}`;
    return unmark(at === '' ? withoutMarks(block, path, marks) : block, path, marks);
  });
  return { ...message, content };
}

function unmark(block: unknown, path: string, marks: string[]): unknown {
  if (block === null || typeof block !== 'object' || !('cache_control' in block)) return block;
  const { cache_control: mark, ...rest } = block;
  const hour = mark !== null && typeof mark === 'object' && 'ttl' in mark && mark.ttl === '1h';
  marks.push(hour ? `${path}=1h` : path);
  return rest;
}
