/** A recorded answer in Anthropic's two forms: the message, and the events of its stream. Pure. */
import { z } from 'zod';
import { UsageRecord } from '../../ledger/usage-record.ts';
import type { TranscriptCall } from '../transcript/read-transcript.ts';

const Content = z.looseObject({ content: z.array(z.record(z.string(), z.unknown())) });

/** A message as the API answers it. */
export interface RecordedAnswer {
  readonly id: string;
  readonly type: 'message';
  readonly role: 'assistant';
  readonly model: string;
  readonly content: readonly Readonly<Record<string, unknown>>[];
  readonly stop_reason: string;
  readonly stop_sequence: null;
  readonly usage: Readonly<Record<string, unknown>>;
}

/** One event of a stream. */
export type StreamedEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** The answer of a recorded call; null where none was recorded whole. */
export function recordedAnswer(call: TranscriptCall): RecordedAnswer | null {
  const message = Content.safeParse(call.answer);
  if (!message.success) return null;
  return {
    id: call.answerId ?? `msg_${call.id}`,
    type: 'message',
    role: 'assistant',
    model: call.model,
    content: message.data.content,
    stop_reason: call.stopReason ?? 'end_turn',
    stop_sequence: null,
    usage: usageOf(call.usage),
  };
}

function usageOf(recorded: unknown): Record<string, unknown> {
  const tokens = UsageRecord.safeParse(recorded).data?.tokens;
  return {
    input_tokens: tokens?.input ?? 0,
    output_tokens: tokens?.output ?? 0,
    cache_read_input_tokens: tokens?.cacheRead ?? 0,
    cache_creation_input_tokens: (tokens?.cacheWrite5m ?? 0) + (tokens?.cacheWrite1h ?? 0),
    cache_creation: {
      ephemeral_5m_input_tokens: tokens?.cacheWrite5m ?? 0,
      ephemeral_1h_input_tokens: tokens?.cacheWrite1h ?? 0,
    },
    service_tier: 'standard',
  };
}

/** The same answer as stream events, each block in one delta. */
export function* answerEvents(answer: RecordedAnswer): Generator<StreamedEvent> {
  const usage = { ...answer.usage, output_tokens: 1 };
  yield { type: 'message_start', message: { ...answer, content: [], stop_reason: null, usage } };
  for (const [index, block] of answer.content.entries()) {
    const [empty, delta] = splitBlock(block);
    yield { type: 'content_block_start', index, content_block: empty };
    for (const each of delta) yield { type: 'content_block_delta', index, delta: each };
    yield { type: 'content_block_stop', index };
  }
  yield {
    type: 'message_delta',
    delta: { stop_reason: answer.stop_reason, stop_sequence: null },
    usage: answer.usage,
  };
  yield { type: 'message_stop' };
}

type Fields = Readonly<Record<string, unknown>>;

/** A block as it starts, and what then fills it; a block of a type without deltas comes whole. */
function splitBlock(block: Fields): [Fields, Fields[]] {
  if (block['type'] === 'text') {
    return [{ ...block, text: '' }, [{ type: 'text_delta', text: block['text'] }]];
  }
  if (block['type'] === 'thinking') {
    const deltas = [
      { type: 'thinking_delta', thinking: block['thinking'] },
      { type: 'signature_delta', signature: block['signature'] },
    ];
    return [{ ...block, thinking: '', signature: '' }, deltas];
  }
  if (typeof block['input'] === 'object' && block['input'] !== null) {
    return [
      { ...block, input: {} },
      [{ type: 'input_json_delta', partial_json: JSON.stringify(block['input']) }],
    ];
  }
  return [block, []];
}
