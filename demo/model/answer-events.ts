/** One answer as Anthropic's Messages API sends it: a JSON message, or the same as server-sent events. */

import type { InputUsage } from './prompt-cache.ts';
import type { ScriptedAnswer } from './script.ts';

/** A complete message. */
export interface Message {
  readonly id: string;
  readonly type: 'message';
  readonly role: 'assistant';
  readonly model: string;
  readonly content: readonly ContentBlock[];
  readonly stop_reason: 'end_turn' | 'tool_use';
  readonly stop_sequence: null;
  readonly usage: InputUsage & { readonly output_tokens: number };
}

export type ContentBlock =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'tool_use';
      readonly id: string;
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
    };

/** The answer's content blocks; ids of tool calls are made from `id`. */
export function contentOf(answer: ScriptedAnswer, id: string): ContentBlock[] {
  const text: ContentBlock[] = answer.text === '' ? [] : [{ type: 'text', text: answer.text }];
  const calls = answer.calls.map(
    (call, index): ContentBlock => ({
      type: 'tool_use',
      id: `toolu_${id}_${index}`,
      name: call.tool,
      input: call.input,
    }),
  );
  return [...text, ...calls];
}

/** The events in their order, each as `event:` and `data:` lines. */
export function eventsOf(message: Message): string[] {
  const start = { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } };
  return [
    event('message_start', { message: start }),
    event('ping', {}),
    ...message.content.flatMap(blockEvents),
    event('message_delta', {
      delta: { stop_reason: message.stop_reason, stop_sequence: null },
      usage: { output_tokens: message.usage.output_tokens },
    }),
    event('message_stop', {}),
  ];
}

function blockEvents(block: ContentBlock, index: number): string[] {
  const open = block.type === 'text' ? { type: 'text', text: '' } : { ...block, input: {} };
  return [
    event('content_block_start', { index, content_block: open }),
    ...deltasOf(block).map((delta) => event('content_block_delta', { index, delta })),
    event('content_block_stop', { index }),
  ];
}

/** Pieces of 40 characters, as a stream has them. */
function deltasOf(block: ContentBlock): Readonly<Record<string, string>>[] {
  const whole = block.type === 'text' ? block.text : JSON.stringify(block.input);
  const pieces = whole.match(/[\s\S]{1,40}/g) ?? [];
  return pieces.map((piece) =>
    block.type === 'text'
      ? { type: 'text_delta', text: piece }
      : { type: 'input_json_delta', partial_json: piece },
  );
}

function event(type: string, fields: Readonly<Record<string, unknown>>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
