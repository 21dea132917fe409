/** A transcript for the terminal: each call with the messages that were new in it and its answer. All of it is foreign. */
import { z } from 'zod';
import type { TranscriptCall } from '../gateway/transcript/read-transcript.ts';
import { formatMicro } from '../shared/money.ts';
import { terminalText } from './terminal-text.ts';

/** What a message holds as far as it is printed; anything else is shown as JSON. */
const Block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
  content: z.unknown().optional(),
});
const Message = z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Block)]) });

/** Every line ends in a line break. */
export function formatTranscript(calls: readonly TranscriptCall[]): string {
  if (calls.length === 0) return 'No model call.\n';
  return calls.map(callText).join('\n');
}

function callText(call: TranscriptCall, index: number): string {
  const cost = call.nanoUsd === null ? 'not measured' : `$${formatMicro(call.nanoUsd)}`;
  const head = `Call ${index + 1}, round ${call.round}, ${call.model}, ${call.state}, ${cost}\n`;
  const answer = call.answer === null ? '(no answer)\n' : messageText(call.answer);
  return head + call.messages.map(messageText).join('') + answer;
}

function messageText(value: unknown): string {
  const message = Message.safeParse(value);
  if (!message.success) return `${terminalText(JSON.stringify(value))}\n`;
  const { role, content } = message.data;
  const blocks = typeof content === 'string' ? [content] : content.map(blockText);
  return blocks.map((block) => `  ${role}: ${terminalText(block).replaceAll('\n', '\n    ')}\n`).join('');
}

function blockText(block: z.infer<typeof Block>): string {
  if (block.text !== undefined) return block.text;
  if (block.type === 'tool_use') return `${block.name ?? 'tool'} ${JSON.stringify(block.input)}`;
  if (block.type === 'tool_result') return `result ${resultText(block.content)}`;
  return JSON.stringify(block);
}

function resultText(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}
