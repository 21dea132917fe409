/** Reads of a `/v1/messages` body what the gateway must know to pay for it and to record it; everything else passes unseen. */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { CostFeature } from '../../ledger/cost-feature.ts';
import { invalidRequest } from './anthropic-error.ts';
import { type Found, findInBetas, findInHead, nothingFound } from './cost-features.ts';
import { type Outline, outline, parseSpan, type Span } from './json-spans.ts';
import type { MessageMemo, ReadMessage } from './read-message.ts';
import { type Scrub, scrubStrings } from './scrub-strings.ts';

/** Members whose value says nothing about the conversation, and so does not change what a prefix costs. */
const PER_CALL = new Set(['messages', 'max_tokens', 'stream', 'metadata']);

/** Everything beside the messages that decides what they mean: model, system, tools and so on. */
export interface ReadHead {
  /** SHA-256 of `text`, hex. */
  readonly digest: string;
  /** JSON object of these members as they came, scrubbed; null once stored. */
  text: string | null;
  readonly model: string;
  readonly thinkingBudgetTokens: number;
  /** The provider edits the context: its count then says nothing about the same messages in a longer request. */
  readonly editsContext: boolean;
  readonly found: Found;
  readonly replacements: ReadonlyMap<string, Buffer>;
}

/** One request, read. */
export interface ModelRequest {
  readonly bytes: Buffer;
  readonly outline: Outline;
  readonly head: ReadHead;
  readonly messages: readonly ReadMessage[];
  readonly maxTokens: number;
  readonly stream: boolean;
  readonly features: readonly CostFeature[];
  readonly images: number;
  readonly typedTools: number;
  /** The body may ask for one-hour cache entries. */
  readonly hourCache: boolean;
}

/** What reading needs. */
export interface ReadDeps {
  readonly memo: MessageMemo;
  readonly heads: Map<string, ReadHead>;
  readonly scrub: Scrub;
}

const MAX_HEADS = 500;
const MaxTokens = z.int().min(1).max(10_000_000);
const Head = z.looseObject({
  model: z.string().min(1).max(200),
  thinking: z.looseObject({ budget_tokens: z.int().min(0).nullish() }).nullish(),
});

/** What kind of call the body is for. `count_tokens` has no output. */
export interface ReadOptions {
  readonly betas: string | undefined;
  readonly hasOutput: boolean;
}

/** Reads a body. Errors: `json-invalid`, or a refusal that names the member that cannot be accounted for. */
export function readRequest(deps: ReadDeps, bytes: Buffer, options: ReadOptions): ModelRequest {
  const outlined = outline(bytes);
  const head = readHead(deps, bytes, outlined);
  const messages = outlined.messages.map((span) => deps.memo.read(bytes, span, deps.scrub));
  const found = nothingFound();
  findInBetas(options.betas, found);
  const all = [found, head.found, ...messages.map((message) => message.found)];
  return {
    bytes,
    outline: outlined,
    head,
    messages,
    maxTokens: options.hasOutput ? readMaxTokens(bytes, outlined.members.get('max_tokens')) : 0,
    stream: readStream(bytes, outlined.members.get('stream')),
    features: [...new Set(all.flatMap((part) => [...part.features]))],
    images: all.reduce((sum, part) => sum + part.images, 0),
    typedTools: all.reduce((sum, part) => sum + part.typedTools, 0),
    hourCache: mayAskForHour(bytes),
  };
}

/** `"1h"`, also where it is written with escapes. */
function mayAskForHour(bytes: Buffer): boolean {
  return bytes.includes('"1h"') || bytes.includes('\\u0031') || bytes.includes('\\u0068');
}

function readMaxTokens(bytes: Buffer, span: Span | undefined): number {
  const parsed = MaxTokens.safeParse(span && parseSpan(bytes, span));
  if (!parsed.success) throw invalidRequest("Invalid 'max_tokens': expected a whole number from 1.");
  return parsed.data;
}

function readStream(bytes: Buffer, span: Span | undefined): boolean {
  return span !== undefined && parseSpan(bytes, span) === true;
}

function readHead(deps: ReadDeps, bytes: Buffer, outlined: Outline): ReadHead {
  const members = [...outlined.members].filter(([name]) => !PER_CALL.has(name));
  const pieces = members.map(
    ([name, span]) => `${JSON.stringify(name)}:${bytes.toString('utf8', span.start, span.end)}`,
  );
  const raw = `{${pieces.join(',')}}`;
  const key = hash('sha256', raw);
  const known = deps.heads.get(key);
  if (known !== undefined) return known;
  const head = parseHead(raw, deps.scrub);
  if (deps.heads.size >= MAX_HEADS) deps.heads.clear();
  deps.heads.set(key, head);
  return head;
}

function parseHead(raw: string, scrub: Scrub): ReadHead {
  const value = z
    .record(z.string(), z.unknown())
    .parse(parseSpan(Buffer.from(raw), { start: 0, end: Buffer.byteLength(raw) }));
  const parsed = Head.safeParse(value);
  if (!parsed.success) {
    throw invalidRequest(
      `Invalid '${parsed.error.issues[0]?.path.join('.') ?? 'body'}': the gateway cannot account for it.`,
    );
  }
  const replacements = new Map<string, Buffer>();
  const clean = Object.entries(value).map(([name, member]) => {
    const scrubbed = scrubStrings(member, scrub);
    if (scrubbed !== member) replacements.set(name, Buffer.from(JSON.stringify(scrubbed)));
    return [name, scrubbed] as const;
  });
  const found = nothingFound();
  findInHead(value, found);
  const text = replacements.size === 0 ? raw : JSON.stringify(Object.fromEntries(clean));
  return {
    digest: hash('sha256', text),
    text,
    model: parsed.data.model,
    thinkingBudgetTokens: parsed.data.thinking?.budget_tokens ?? 0,
    editsContext: value['context_management'] !== undefined && value['context_management'] !== null,
    found,
    replacements,
  };
}

/** The body to send: the bytes that came, with only `max_tokens` and scrubbed values in other places. */
export function rewriteBody(request: ModelRequest, maxTokens: number): Buffer {
  const edits: { span: Span; bytes: Buffer }[] = [];
  const add = (span: Span | undefined, bytes: Buffer | null | undefined) => {
    if (span !== undefined && bytes !== null && bytes !== undefined) edits.push({ span, bytes });
  };
  if (maxTokens !== request.maxTokens) {
    add(request.outline.members.get('max_tokens'), Buffer.from(String(maxTokens)));
  }
  for (const [name, bytes] of request.head.replacements) add(request.outline.members.get(name), bytes);
  for (const [index, message] of request.messages.entries()) {
    add(request.outline.messages[index], message.replacement);
  }
  if (edits.length === 0) return request.bytes;
  return splice(request.bytes, edits);
}

function splice(bytes: Buffer, edits: { span: Span; bytes: Buffer }[]): Buffer {
  const sorted = edits.toSorted((a, b) => a.span.start - b.span.start);
  const parts: Buffer[] = [];
  let from = 0;
  for (const edit of sorted) {
    parts.push(bytes.subarray(from, edit.span.start), edit.bytes);
    from = edit.span.end;
  }
  parts.push(bytes.subarray(from));
  return Buffer.concat(parts);
}
