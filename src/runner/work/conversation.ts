/**
 * The conversation as the loop keeps it: plain text, tool calls and their results, in Anthropic's shapes. Cache marks are
 * added on the way out only, so the kept messages are the same bytes from turn to turn.
 */
import type {
  ContentBlock,
  ContentBlockParam,
  MessageParam,
  ToolResultBlockParam,
} from '@anthropic-ai/sdk/resources/messages';

/** A user turn that answers tool calls: all results first, then what we have to say. */
export function resultsMessage(
  results: readonly ToolResultBlockParam[],
  notes: readonly string[],
): MessageParam {
  return { role: 'user', content: [...results, ...notes.map((text) => ({ type: 'text' as const, text }))] };
}

/**
 * An answer of the model as it goes into the next request; unchanged, since thinking blocks are signed. Empty text is
 * refused by the API, so a block without any is left out, and an answer without any block says so.
 */
export function assistantMessage(content: readonly ContentBlock[]): MessageParam {
  const kept: ContentBlockParam[] = content.filter(
    (block) => block.type !== 'text' || block.text.trim() !== '',
  );
  return { role: 'assistant', content: kept.length > 0 ? kept : [{ type: 'text', text: '(no words)' }] };
}

/** The last words of an answer. */
export function textOf(content: readonly ContentBlock[]): string {
  return content
    .flatMap((block) => (block.type === 'text' ? [block.text] : []))
    .join('\n')
    .trim();
}

/** Content always as blocks. */
export function blocksOf(message: MessageParam): ContentBlockParam[] {
  return typeof message.content === 'string'
    ? [{ type: 'text', text: message.content }]
    : [...message.content];
}

/** Characters that a message costs, roughly; tokens are about a quarter (3 for code, to be safe). */
export function weightOf(message: MessageParam): number {
  return JSON.stringify(message.content).length;
}
