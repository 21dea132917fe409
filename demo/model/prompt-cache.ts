/**
 * Anthropic's published cache rules, applied to requests that no model sees, so that a scripted bill is computed as a
 * real one is: prefixes end at `cache_control` marks, 1,024 tokens at least, looked for at most 20 blocks back.
 * https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Tokens are not counted by a tokenizer here but by bytes: four are taken for one token. */
const BYTES_PER_TOKEN = 4;
const MIN_CACHED_TOKENS = 1_024;
const LOOK_BACK_BLOCKS = 20;
const TTL_MS = { '5m': 300_000, '1h': 3_600_000 } as const;

const Block = z.looseObject({
  cache_control: z
    .looseObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() })
    .nullish(),
});
const Text = z.string().transform((text) => [{ type: 'text', text }]);
const Content = z.union([Text, z.array(Block)]);
const Request = z.looseObject({
  model: z.string(),
  tools: z.array(Block).default([]),
  system: Content.default([]),
  messages: z.array(z.looseObject({ role: z.string(), content: Content })),
});

/** Usage of one request's input, in tokens. */
export interface InputUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: {
    readonly ephemeral_5m_input_tokens: number;
    readonly ephemeral_1h_input_tokens: number;
  };
}

interface Step {
  /** Hash of everything up to and with this block. */
  readonly prefix: string;
  /** Tokens up to and with this block. */
  readonly tokens: number;
  readonly ttl: keyof typeof TTL_MS | null;
}

/** The cache of one upstream. */
export class PromptCache {
  readonly #expiry = new Map<string, number>();

  /** Counts one request's input and remembers its marked prefixes. */
  count(body: unknown, nowMs: number): InputUsage {
    const steps = stepsOf(body);
    const total = steps.at(-1)?.tokens ?? 0;
    const marks = steps.flatMap((step, index) =>
      step.ttl !== null && step.tokens >= MIN_CACHED_TOKENS ? [index] : [],
    );
    const hit = this.#longestHit(steps, marks, nowMs);
    const read = hit === null ? 0 : (steps[hit]?.tokens ?? 0);
    const written = { '5m': 0, '1h': 0 };
    let cached = read;
    for (const index of marks) {
      const step = steps[index];
      if (!step?.ttl) continue;
      written[step.ttl] += Math.max(0, step.tokens - cached);
      cached = Math.max(cached, step.tokens);
      this.#remember(step, nowMs);
    }
    return usage({ total, read, written });
  }

  #longestHit(steps: readonly Step[], marks: readonly number[], nowMs: number): number | null {
    for (const mark of marks.toReversed()) {
      for (let index = mark; index >= Math.max(0, mark - LOOK_BACK_BLOCKS); index--) {
        const step = steps[index];
        if (step && (this.#expiry.get(step.prefix) ?? 0) > nowMs) return index;
      }
    }
    return null;
  }

  #remember(step: Step, nowMs: number): void {
    if (step.ttl) this.#expiry.set(step.prefix, nowMs + TTL_MS[step.ttl]);
  }
}

/** Tokens of a whole prompt, cached or not. */
export function promptTokens(body: unknown): number {
  return stepsOf(body).at(-1)?.tokens ?? 0;
}

/** Tokens of an answer's content, by the same measure. */
export function outputTokens(content: unknown): number {
  return tokensOf(JSON.stringify(content));
}

function stepsOf(body: unknown): Step[] {
  const request = Request.parse(body);
  const blocks = [
    ...request.tools,
    ...request.system,
    ...request.messages.flatMap((message) =>
      message.content.map((block) => ({ role: message.role, ...block })),
    ),
  ];
  const hash = createHash('sha256').update(request.model);
  let tokens = 0;
  return blocks.map((block) => {
    const { cache_control: mark, ...content } = Block.parse(block);
    const text = JSON.stringify(content);
    tokens += tokensOf(text);
    hash.update(text);
    return { prefix: hash.copy().digest('hex'), tokens, ttl: mark ? (mark.ttl ?? '5m') : null };
  });
}

function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

function usage(counted: {
  readonly total: number;
  readonly read: number;
  readonly written: Readonly<Record<keyof typeof TTL_MS, number>>;
}): InputUsage {
  const { total, read, written } = counted;
  const writes = written['5m'] + written['1h'];
  return {
    input_tokens: total - read - writes,
    cache_creation_input_tokens: writes,
    cache_read_input_tokens: read,
    cache_creation: {
      ephemeral_5m_input_tokens: written['5m'],
      ephemeral_1h_input_tokens: written['1h'],
    },
  };
}
