/**
 * A recorded conversation made safe to go on with. It is hostile, assistant turns included (the sandbox that sent it could
 * have written them): only text, calls of our own tools and their results pass, hidden characters go, roles alternate,
 * every call has its result. Marks, signatures, thinking and everything unknown are dropped.
 */
import type { ContentBlockParam, MessageParam } from '@anthropic-ai/sdk/resources/messages';
import { z } from 'zod';
import { visible } from './fence-text.ts';

const Text = z.object({ type: z.literal('text'), text: z.string() });
const ToolUse = z.object({
  type: z.literal('tool_use'),
  id: z.string().regex(/^[\w-]{1,100}$/),
  name: z.string(),
  input: z.record(z.string(), z.unknown()),
});
const ToolResult = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string().regex(/^[\w-]{1,100}$/),
  content: z.union([z.string(), z.array(z.unknown())]).optional(),
  is_error: z.boolean().optional(),
});
const Message = z.object({
  role: z.enum(['user', 'assistant']),
  content: z.union([z.string(), z.array(z.unknown())]),
});

/** Result of a call whose own was lost with the round. */
const LOST = '[the round ended before this call had a result]';

/** Messages that start with a user turn and end with an assistant turn; empty when nothing usable is there. */
export function resumeMessages(recorded: readonly unknown[], toolNames: readonly string[]): MessageParam[] {
  const clean: MessageParam[] = [];
  for (const raw of recorded) {
    const message = Message.safeParse(raw);
    if (!message.success) break;
    const { role } = message.data;
    const open = openCalls(clean.at(-1));
    const blocks = cleanBlocks(message.data.content, role, { toolNames, open });
    if (role === 'user') blocks.unshift(...open.filter((id) => !answers(blocks, id)).map(lost));
    if (blocks.length === 0 || role === clean.at(-1)?.role || (clean.length === 0 && role !== 'user')) break;
    clean.push({ role, content: blocks });
  }
  return endWithAssistant(clean);
}

interface Allowed {
  readonly toolNames: readonly string[];
  /** Calls of the turn before, which alone may be answered here. */
  readonly open: readonly string[];
}

function cleanBlocks(content: string | unknown[], role: string, allowed: Allowed): ContentBlockParam[] {
  const raw = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  const blocks = raw.flatMap((block) =>
    role === 'user' ? userBlock(block, allowed) : assistantBlock(block, allowed),
  );
  // The API wants results before text.
  return blocks.sort((a, b) => Number(b.type === 'tool_result') - Number(a.type === 'tool_result'));
}

function userBlock(raw: unknown, { open }: Allowed): ContentBlockParam[] {
  const result = ToolResult.safeParse(raw);
  if (!result.success) return textBlock(raw);
  const { tool_use_id, content, is_error } = result.data;
  if (!open.includes(tool_use_id)) return [];
  const text =
    typeof content === 'string'
      ? content
      : (content ?? []).flatMap((part) => textBlock(part).map(wordsOf)).join('\n');
  return [
    { type: 'tool_result', tool_use_id, content: visible(text), ...(is_error === true ? { is_error } : {}) },
  ];
}

function assistantBlock(raw: unknown, { toolNames }: Allowed): ContentBlockParam[] {
  const call = ToolUse.safeParse(raw);
  if (!call.success) return textBlock(raw);
  return toolNames.includes(call.data.name) ? [call.data] : [];
}

function textBlock(raw: unknown): { type: 'text'; text: string }[] {
  const text = Text.safeParse(raw);
  const shown = text.success ? visible(text.data.text) : '';
  return shown.trim() === '' ? [] : [{ type: 'text', text: shown }];
}

function wordsOf(block: { text: string }): string {
  return block.text;
}

function openCalls(message: MessageParam | undefined): string[] {
  if (message === undefined || message.role !== 'assistant' || typeof message.content === 'string') return [];
  return message.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
}

function answers(blocks: readonly ContentBlockParam[], id: string): boolean {
  return blocks.some((block) => block.type === 'tool_result' && block.tool_use_id === id);
}

function lost(id: string): ContentBlockParam {
  return { type: 'tool_result', tool_use_id: id, content: LOST, is_error: true };
}

/** New input comes as a user turn: what is open is closed, and a trailing user turn gets a word between. */
function endWithAssistant(messages: MessageParam[]): MessageParam[] {
  const open = openCalls(messages.at(-1));
  if (open.length > 0) messages.push({ role: 'user', content: open.map(lost) });
  if (messages.at(-1)?.role === 'user') {
    messages.push({ role: 'assistant', content: [{ type: 'text', text: '(the round ended here)' }] });
  }
  return messages;
}
