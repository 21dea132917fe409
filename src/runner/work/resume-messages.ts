/**
 * A recorded conversation made safe to go on with. It is hostile, assistant turns included (the sandbox that sent it could
 * have written them): only text, calls of our own tools and their results pass, hidden characters go, roles alternate,
 * every call has its result. Marks, signatures, thinking and everything unknown are dropped.
 */
import type { ContentBlockParam, MessageParam } from '@anthropic-ai/sdk/resources/messages';
import { z } from 'zod';
import { blocksOf } from './conversation.ts';
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

/** The conversation so far with `text` as its new user turn; just that turn where nothing usable was recorded. */
export function resumeMessages(
  recorded: readonly unknown[],
  toolNames: readonly string[],
  text: string,
): MessageParam[] {
  const clean = cleanMessages(recorded, toolNames);
  const input: ContentBlockParam = { type: 'text', text };
  const last = clean.at(-1);
  if (last?.role !== 'user')
    return [...clean, { role: 'user', content: [...openCalls(last).map(lost), input] }];
  return [...clean.slice(0, -1), { role: 'user', content: [...blocksOf(last), input] }];
}

/** The longest beginning that is well formed; starts with a user turn. */
function cleanMessages(recorded: readonly unknown[], toolNames: readonly string[]): MessageParam[] {
  const clean: MessageParam[] = [];
  for (const raw of recorded) {
    const before = clean.at(-1);
    const message = cleanMessage(raw, { toolNames, open: openCalls(before) });
    if (message === null || message.role === (before?.role ?? 'assistant')) break;
    clean.push(message);
  }
  return clean;
}

function cleanMessage(raw: unknown, allowed: Allowed): MessageParam | null {
  const message = Message.safeParse(raw);
  if (!message.success) return null;
  const { role, content } = message.data;
  const blocks = cleanBlocks(content, role, allowed);
  const missing = role === 'user' ? allowed.open.filter((id) => !answers(blocks, id)).map(lost) : [];
  return blocks.length + missing.length === 0 ? null : { role, content: [...missing, ...blocks] };
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
