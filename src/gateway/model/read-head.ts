/** Reads everything of a body beside its messages; equal heads are read once. */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Steps } from '../../shared/steps.ts';
import { invalidRequest } from './anthropic-error.ts';
import { type Found, findInHead, nothingFound } from './cost-features.ts';
import { type Outline, parseSpan } from './json-spans.ts';
import type { Reader } from './read-message.ts';
import { type Scrubber, scrubAhead } from './scrub-ahead.ts';
import { scrubStrings } from './scrub-strings.ts';
import type { SizedMemo } from './sized-memo.ts';

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

const Head = z.looseObject({
  model: z.string().min(1).max(200),
  thinking: z.looseObject({ budget_tokens: z.int().min(0).nullish() }).nullish(),
});

/** Reads the head of a body. Errors: `json-invalid`, or a refusal that names the member that cannot be accounted for. */
export function* readHead(
  { heads, reader }: { readonly heads: SizedMemo<ReadHead>; readonly reader: Reader },
  bytes: Buffer,
  outlined: Outline,
): Steps<ReadHead> {
  const members = [...outlined.members].filter(([name]) => !PER_CALL.has(name));
  const pieces = members.map(
    ([name, span]) => `${JSON.stringify(name)}:${bytes.toString('utf8', span.start, span.end)}`,
  );
  const raw = `{${pieces.join(',')}}`;
  const key = hash('sha256', raw);
  const known = heads.get(key);
  if (known !== undefined) return known;
  reader.onNew(raw.length);
  const head = yield* parseHead(raw, reader);
  heads.set(key, head, raw.length);
  return head;
}

function* parseHead(raw: string, scrubber: Scrubber): Steps<ReadHead> {
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
  const scrub = yield* scrubAhead(Object.values(value), raw.length, scrubber);
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
