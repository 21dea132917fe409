/**
 * Finds the top-level members of a request body, and the elements of its `messages`, as byte ranges: what need not change
 * is passed on as it came, and a long conversation is not parsed again at every turn. Refuses a key that stands twice in
 * any object, since two readers of such a body may see two different requests.
 */
import { isUtf8 } from 'node:buffer';
import { GloveboxError } from '../../shared/errors.ts';

/** Bytes from `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A body's outline. */
export interface Outline {
  readonly members: ReadonlyMap<string, Span>;
  /** Elements of the member `messages`, in order; empty where it is no array. */
  readonly messages: readonly Span[];
}

const MAX_DEPTH = 256;
/** Far over what a conversation has. Each costs some microseconds and a hundred bytes, however short it is. */
const MAX_MESSAGES = 10_000;
const MAX_VALUES = 200_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

interface Cursor {
  readonly bytes: Buffer;
  at: number;
  /** How many values were met. */
  values: number;
}

/** Outlines a JSON object. Error `json-invalid`: not UTF-8, not JSON's structure, too deep, too many values, or a key twice. */
export function outline(bytes: Buffer): Outline {
  if (!isUtf8(bytes)) throw invalid('it is not UTF-8');
  const cursor: Cursor = { bytes, at: 0, values: 0 };
  const members = new Map<string, Span>();
  const messages: Span[] = [];
  skipSpace(cursor);
  readObject(cursor, 0, (key) => {
    const start = cursor.at;
    if (key === 'messages' && bytes[start] === OPEN_ARRAY) {
      readArray(cursor, 1, () => takeMessage(cursor, messages));
    } else skipValue(cursor, 1);
    members.set(key, { start, end: cursor.at });
  });
  skipSpace(cursor);
  if (cursor.at !== bytes.length) throw invalid(`there is more after its end, at byte ${cursor.at}`);
  return { members, messages };
}

/** A body that was outlined before, and its outline. */
export interface Outlined {
  readonly bytes: Buffer;
  readonly outline: Outline;
}

/** An outline, and how many of its messages are the earlier body's first ones, byte for byte. */
export interface ResumedOutline {
  readonly outline: Outline;
  readonly shared: number;
}

/**
 * Outlines a body that goes on from an earlier one: only what stands between the messages that both begin with and the
 * members that both end with is read. Null where they are not so alike. Error `json-invalid`.
 */
export function resumeOutline(bytes: Buffer, before: Outlined): ResumedOutline | null {
  const list = before.outline.members.get('messages');
  const shared = sharedMessages(bytes, before);
  const last = before.outline.messages[shared - 1];
  if (list === undefined || last === undefined) return null;
  const cursor: Cursor = { bytes, at: last.end, values: 0 };
  const messages = before.outline.messages.slice(0, shared);
  readItems(cursor, CLOSE_ARRAY, () => takeMessage(cursor, messages));
  const end = cursor.at;
  const moved = end - list.end;
  if (bytes.length - end !== before.bytes.length - list.end) return null;
  if (bytes.compare(before.bytes, list.end, before.bytes.length, end) !== 0) return null;
  if (!isUtf8(bytes.subarray(last.end, end))) throw invalid('it is not UTF-8');
  const members = [...before.outline.members].map(
    ([key, span]) => [key, span.start < list.end ? span : shifted(span, moved)] as const,
  );
  return {
    shared,
    outline: { members: new Map(members).set('messages', { start: list.start, end }), messages },
  };
}

/** Whole messages, each an object and so its own end, up to which both bodies are the same bytes. */
function sharedMessages(bytes: Buffer, { bytes: known, outline: { messages } }: Outlined): number {
  let from = 0;
  const changed = messages.findIndex(({ end }) => {
    const same =
      known[end - 1] === CLOSE_OBJECT &&
      end < bytes.length &&
      bytes.compare(known, from, end, from, end) === 0;
    from = end;
    return !same;
  });
  return changed < 0 ? messages.length : changed;
}

function shifted({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by };
}

function readObject(cursor: Cursor, depth: number, member: (key: string) => void): void {
  const keys = new Set<string>();
  readList(cursor, { open: OPEN_OBJECT, close: CLOSE_OBJECT, depth }, () => {
    const key = keyAt(cursor);
    if (keys.has(key)) throw invalid(`the key '${key.slice(0, 60)}' stands twice in one object`);
    keys.add(key);
    skipSpace(cursor);
    take(cursor, COLON);
    skipSpace(cursor);
    member(key);
  });
}

function readArray(cursor: Cursor, depth: number, element: () => void): void {
  readList(cursor, { open: OPEN_ARRAY, close: CLOSE_ARRAY, depth }, element);
}

function readList(
  cursor: Cursor,
  shape: { open: number; close: number; depth: number },
  item: () => void,
): void {
  if (shape.depth > MAX_DEPTH) throw invalid(`it nests deeper than ${MAX_DEPTH}`);
  take(cursor, shape.open);
  skipSpace(cursor);
  if (cursor.bytes[cursor.at] === shape.close) {
    cursor.at += 1;
    return;
  }
  item();
  readItems(cursor, shape.close, item);
}

/** The items after one that was read, and the list's end. */
function readItems(cursor: Cursor, close: number, item: () => void): void {
  for (;;) {
    skipSpace(cursor);
    if (cursor.bytes[cursor.at] === close) break;
    take(cursor, COMMA);
    skipSpace(cursor);
    item();
  }
  cursor.at += 1;
}

function takeMessage(cursor: Cursor, messages: Span[]): void {
  if (messages.length >= MAX_MESSAGES) throw invalid(`it has more than ${MAX_MESSAGES} messages`);
  messages.push(skipValue(cursor, 2));
}

function skipValue(cursor: Cursor, depth: number): Span {
  const start = cursor.at;
  cursor.values += 1;
  if (cursor.values > MAX_VALUES) throw invalid(`it has more than ${MAX_VALUES} values`);
  const first = cursor.bytes[start];
  if (first === QUOTE) skipString(cursor);
  else if (first === OPEN_OBJECT) readObject(cursor, depth, () => skipValue(cursor, depth + 1));
  else if (first === OPEN_ARRAY) readArray(cursor, depth, () => skipValue(cursor, depth + 1));
  else skipScalar(cursor);
  return { start, end: cursor.at };
}

/** Numbers and words; what they are is checked where they are parsed. */
function skipScalar(cursor: Cursor): void {
  const start = cursor.at;
  while (isScalarByte(cursor.bytes[cursor.at])) cursor.at += 1;
  if (cursor.at === start) throw invalid(`a value is missing at byte ${start}`);
}

function isScalarByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const isLetter = byte >= 0x61 && byte <= 0x7a;
  const isDigitOrSign = (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e;
  return isLetter || isDigitOrSign || byte === 0x45;
}

function keyAt(cursor: Cursor): string {
  const start = cursor.at;
  skipString(cursor);
  const raw = cursor.bytes.toString('latin1', start + 1, cursor.at - 1);
  if (!raw.includes('\\') && !/[^\x20-\x7e]/.test(raw)) return raw;
  return parseSpan<string>(cursor.bytes, { start, end: cursor.at });
}

function skipString(cursor: Cursor): void {
  const { bytes } = cursor;
  take(cursor, QUOTE);
  for (;;) {
    const quote = bytes.indexOf(QUOTE, cursor.at);
    if (quote < 0) throw invalid('a string does not end');
    cursor.at = quote + 1;
    if (!isEscaped(bytes, quote)) return;
  }
}

function isEscaped(bytes: Buffer, quote: number): boolean {
  let slashes = 0;
  while (bytes[quote - 1 - slashes] === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    const byte = cursor.bytes[cursor.at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    cursor.at += 1;
  }
}

function take(cursor: Cursor, byte: number): void {
  if (cursor.bytes[cursor.at] !== byte) {
    throw invalid(`'${String.fromCharCode(byte)}' is missing at byte ${cursor.at}`);
  }
  cursor.at += 1;
}

/** Parses one span. Error `json-invalid`. */
export function parseSpan<Value = unknown>(bytes: Buffer, span: Span): Value {
  try {
    return JSON.parse(bytes.toString('utf8', span.start, span.end));
  } catch (cause) {
    throw invalid(`bytes ${span.start} to ${span.end} do not parse`, cause);
  }
}

function invalid(what: string, cause?: unknown): GloveboxError {
  return new GloveboxError({
    code: 'json-invalid',
    message: `The request body cannot be read: ${what}.`,
    audience: 'sandbox',
    cause,
  });
}
