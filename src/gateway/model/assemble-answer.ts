/** Puts a streamed answer together: the message as an unstreamed answer would hold it, and the final usage. Tolerant. */
import { z } from 'zod';

const Fields = z.record(z.string(), z.unknown());
type Fields = z.infer<typeof Fields>;

const StreamEvent = z.looseObject({
  type: z.string(),
  index: z.int().min(0).max(10_000).optional(),
  message: Fields.optional(),
  content_block: Fields.optional(),
  delta: Fields.optional(),
  usage: Fields.nullish(),
});

/** What an answer came to. */
export interface Answer {
  /** Usage as far as it came; null where none did. */
  readonly usage: Fields | null;
  /** The final usage came: the call can be settled exactly. */
  readonly complete: boolean;
  readonly id: string | null;
  readonly stopReason: string | null;
  /** `{ role, content }`; null where the answer is not whole. */
  readonly message: { readonly role: 'assistant'; readonly content: readonly unknown[] } | null;
}

/** No answer at all. */
export const NO_ANSWER: Answer = { usage: null, complete: false, id: null, stopReason: null, message: null };

/** Takes stream events one by one. */
export class AnswerAssembler {
  private usage: Fields | null = null;
  private id: string | null = null;
  private stopReason: string | null = null;
  private stopped = false;
  private broken = false;
  private readonly blocks: Fields[] = [];
  private readonly partialJson: string[] = [];

  /** One event's parsed data; what does not look like an event is ignored. */
  take(data: unknown): void {
    const parsed = StreamEvent.safeParse(data);
    if (!parsed.success) return;
    this.apply(parsed.data);
  }

  private apply(event: z.infer<typeof StreamEvent>): void {
    const index = event.index ?? 0;
    switch (event.type) {
      case 'message_start':
        this.start(event.message ?? {});
        return;
      case 'content_block_start':
        this.blocks[index] = { ...event.content_block };
        return;
      case 'content_block_delta':
        this.grow(index, event.delta ?? {});
        return;
      case 'content_block_stop':
        this.closeBlock(index);
        return;
      case 'message_delta':
        this.finish(event.delta ?? {}, event.usage ?? {});
        return;
      case 'message_stop':
        this.stopped = true;
        return;
      case 'error':
        this.broken = true;
    }
  }

  answer(): Answer {
    const whole = this.stopped && !this.broken && this.blocks.every((block) => block !== undefined);
    return {
      usage: this.usage,
      complete: this.stopReason !== null && !this.broken,
      id: this.id,
      stopReason: this.stopReason,
      message: whole ? { role: 'assistant', content: this.blocks } : null,
    };
  }

  private start(message: Fields): void {
    this.id = typeof message['id'] === 'string' ? message['id'] : null;
    this.usage = Fields.safeParse(message['usage']).data ?? null;
  }

  private finish(delta: Fields, usage: Fields): void {
    if (typeof delta['stop_reason'] === 'string') this.stopReason = delta['stop_reason'];
    const known = Object.entries(usage).filter(([, value]) => value !== null);
    this.usage = { ...this.usage, ...Object.fromEntries(known) };
  }

  private grow(index: number, delta: Fields): void {
    const block = this.blocks[index];
    if (block === undefined) return;
    if (typeof delta['partial_json'] === 'string') {
      this.partialJson[index] = (this.partialJson[index] ?? '') + delta['partial_json'];
      return;
    }
    if (delta['citation'] !== undefined) {
      const before = Array.isArray(block['citations']) ? block['citations'] : [];
      block['citations'] = [...before, delta['citation']];
      return;
    }
    for (const [name, value] of Object.entries(delta))
      if (name !== 'type') block[name] = joined(block[name], value);
  }

  private closeBlock(index: number): void {
    const block = this.blocks[index];
    const json = this.partialJson[index];
    if (block === undefined || json === undefined || json === '') return;
    try {
      block['input'] = JSON.parse(json);
    } catch {
      this.broken = this.stopReason === null;
    }
  }
}

function joined(before: unknown, added: unknown): unknown {
  return typeof before === 'string' && typeof added === 'string' ? before + added : added;
}

const JsonAnswer = z.looseObject({
  id: z.string().nullish(),
  content: z.array(z.unknown()),
  stop_reason: z.string().nullish(),
  usage: Fields,
});

/** Reads an unstreamed answer. */
export function readJsonAnswer(text: string): Answer {
  const parsed = JsonAnswer.safeParse(parseJson(text));
  if (!parsed.success) return NO_ANSWER;
  const { id, content, stop_reason, usage } = parsed.data;
  return {
    usage,
    complete: true,
    id: id ?? null,
    stopReason: stop_reason ?? null,
    message: { role: 'assistant', content },
  };
}

/** The value, or undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
