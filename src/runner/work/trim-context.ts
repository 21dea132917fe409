/**
 * What goes when the context is full: the content of the oldest tool results, each with a note in its place. The opening
 * message, the model's own words and the latest turns stay. Much is dropped at once, since each drop spoils the cache.
 */
import type { ContentBlockParam, MessageParam } from '@anthropic-ai/sdk/resources/messages';
import { blocksOf, weightOf } from './conversation.ts';

/** Turns at the end that are never touched. */
const KEPT_MESSAGES = 4;
/** Shorter results are not worth a note. */
const MIN_CHARACTERS = 200;

/** The trimmed conversation, and how many characters went; 0: there was nothing to drop. */
export interface Trimmed {
  readonly messages: MessageParam[];
  readonly dropped: number;
}

/** Drops at least `wanted` characters where there are as many. */
export function trimContext(messages: readonly MessageParam[], wanted: number): Trimmed {
  let dropped = 0;
  const kept = messages.map((message, index) => {
    if (index >= messages.length - KEPT_MESSAGES || message.role !== 'user' || dropped >= wanted)
      return message;
    const before = weightOf(message);
    const after = { ...message, content: blocksOf(message).map(withoutContent) };
    dropped += Math.max(0, before - weightOf(after));
    return after;
  });
  return { messages: kept, dropped };
}

function withoutContent(block: ContentBlockParam): ContentBlockParam {
  if (block.type !== 'tool_result') return block;
  const length = JSON.stringify(block.content ?? '').length;
  if (length < MIN_CHARACTERS) return block;
  return {
    ...block,
    content: `[dropped to make room: ${length} characters. Call the tool again if you need them.]`,
  };
}
