/**
 * Where the prompt cache is told to stop: after the tools, after the system prompt, and after the last two user turns.
 * Of these two the older one is where the request before ended, so it is found exactly, however many blocks a turn with
 * parallel calls added (the API looks back only 20 blocks from a mark); the newer one is written for the next request.
 */
import type {
  ContentBlockParam,
  MessageParam,
  TextBlockParam,
  ToolUnion,
} from '@anthropic-ai/sdk/resources/messages';
import { blocksOf } from './conversation.ts';

/** The cached parts of a request. */
export interface CachedParts {
  readonly system: TextBlockParam[];
  readonly tools: ToolUnion[];
  readonly messages: MessageParam[];
}

const MARK = { cache_control: { type: 'ephemeral' as const } };

/** A copy with at most four marks, as many as the API takes. The input has none. */
export function withBreakpoints(parts: CachedParts): CachedParts {
  const userTurns = parts.messages.flatMap((message, index) => (message.role === 'user' ? [index] : []));
  const marked = new Set(userTurns.slice(-2));
  return {
    tools: parts.tools.map((tool, index) => (index === parts.tools.length - 1 ? { ...tool, ...MARK } : tool)),
    system: parts.system.map((block, index) =>
      index === parts.system.length - 1 ? { ...block, ...MARK } : block,
    ),
    messages: parts.messages.map((message, index) => (marked.has(index) ? markLast(message) : message)),
  };
}

/** For user turns. */
function markLast(message: MessageParam): MessageParam {
  const blocks = blocksOf(message);
  const last = blocks.at(-1);
  if (last === undefined) return message;
  return { role: 'user', content: [...blocks.slice(0, -1), markBlock(last)] };
}

/** User turns hold text and tool results only, the kinds that we make. */
function markBlock(block: ContentBlockParam): ContentBlockParam {
  return block.type === 'text' || block.type === 'tool_result' ? { ...block, ...MARK } : block;
}
