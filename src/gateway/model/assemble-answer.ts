/** Puts a streamed answer together: the message as an unstreamed answer would hold it, and the final usage. Tolerant. */
import { z } from 'zod';

const Fields = z.record(z.string(), z.unknown());
type Fields = z.infer<typeof Fields>;

const MAX_BLOCKS = 10_000;

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

  /** One event's parsed data; what does not look like an event is ignored. Read by hand: there are thousands of them. */
  take(event: unknown): void {
    if (!isFields(event)) return;
    const index = blockIndex(event['index']);
    if (index === null) return;
    switch (event['type']) {
      case 'message_start':
        this.start(fieldsOf(event['message']));
        return;
      case 'content_block_start':
        this.blocks[index] = { ...fieldsOf(event['content_block']) };
        return;
      case 'content_block_delta':
        this.grow(index, fieldsOf(event['delta']));
        return;
      case 'content_block_stop':
        this.closeBlock(index);
        return;
      case 'message_delta':
        this.finish(fieldsOf(event['delta']), fieldsOf(event['usage']));
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

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** 0 where none is named; null for what cannot be one. */
function blockIndex(value: unknown): number | null {
  if (value === undefined) return 0;
  const isIndex = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_BLOCKS;
  return isIndex ? value : null;
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
