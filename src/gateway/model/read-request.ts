/** Reads of a `/v1/messages` body what the gateway must know to pay for it and to record it; everything else passes unseen. */
import { z } from 'zod';
import type { Steps } from '../../shared/steps.ts';
import { invalidRequest } from './anthropic-error.ts';
import { findInBetas, nothingFound } from './cost-features.ts';
import { outline, parseSpan, resumeOutline, type Span } from './json-spans.ts';
import type { ModelRequest } from './model-request.ts';
import type { PreviousRequests } from './previous-requests.ts';
import { type ReadHead, readHead } from './read-head.ts';
import type { MessageMemo, Reader, ReadMessage } from './read-message.ts';
import type { Scrubber } from './scrub-ahead.ts';
import type { SizedMemo } from './sized-memo.ts';

/** What reading needs. */
export interface ReadDeps extends Scrubber {
  readonly memo: MessageMemo;
  readonly heads: SizedMemo<ReadHead>;
  readonly previous: PreviousRequests;
}

const MaxTokens = z.int().min(1).max(10_000_000);

/** What kind of call the body is for. `count_tokens` has no output. */
export interface ReadOptions {
  /** Whose earlier requests this one may go on from. */
  readonly taskId: string;
  readonly betas: string | undefined;
  readonly hasOutput: boolean;
  /** Hears of bytes that were not read before. */
  onNew(bytes: number): void;
}

/** Reads a body. Errors: `json-invalid`, or a refusal that names the member that cannot be accounted for. */
export function* readRequest(deps: ReadDeps, bytes: Buffer, options: ReadOptions): Steps<ModelRequest> {
  const { scrub, scrubInSteps } = deps;
  const reading = { ...deps, reader: { scrub, scrubInSteps, onNew: options.onNew } };
  const parts = (yield* resume(reading, bytes, options.taskId)) ?? (yield* readWhole(reading, bytes));
  const { members } = parts.outline;
  const found = nothingFound();
  findInBetas(options.betas, found);
  const all = [found, parts.head.found, ...parts.messages.map((message) => message.found)];
  const request = {
    ...parts,
    bytes,
    maxTokens: options.hasOutput ? readMaxTokens(bytes, members.get('max_tokens')) : 0,
    stream: readStream(bytes, members.get('stream')),
    features: [...new Set(all.flatMap((part) => [...part.features]))],
    images: all.reduce((sum, part) => sum + part.images, 0),
    typedTools: all.reduce((sum, part) => sum + part.typedTools, 0),
  };
  deps.previous.remember(options.taskId, request);
  return request;
}

type Parts = Pick<ModelRequest, 'outline' | 'head' | 'messages' | 'hourCache'>;
type Reading = ReadDeps & { readonly reader: Reader };

function* readWhole(deps: Reading, bytes: Buffer): Steps<Parts> {
  const outlined = outline(bytes);
  return {
    outline: outlined,
    head: yield* readHead(deps, bytes, outlined),
    messages: yield* readMessages(deps, bytes, outlined.messages),
    hourCache: mayAskForHour(bytes),
  };
}

/** A turn sends the whole conversation again: only its new messages are read. Null where it goes on from none known. */
function* resume(deps: Reading, bytes: Buffer, taskId: string): Steps<Parts | null> {
  for (const before of deps.previous.of(taskId)) {
    const resumed = resumeOutline(bytes, before);
    if (resumed === null) continue;
    const { outline: outlined, shared } = resumed;
    const added = outlined.messages.slice(shared);
    return {
      outline: outlined,
      head: before.head,
      messages: [...before.messages.slice(0, shared), ...(yield* readMessages(deps, bytes, added))],
      hourCache: before.hourCache
        ? mayAskForHour(bytes)
        : added.some(({ start, end }) => mayAskForHour(bytes.subarray(start, end))),
    };
  }
  return null;
}

function* readMessages(deps: Reading, bytes: Buffer, spans: readonly Span[]): Steps<ReadMessage[]> {
  const messages: ReadMessage[] = [];
  for (const span of spans) messages.push(yield* deps.memo.read(bytes, span, deps.reader));
  return messages;
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
