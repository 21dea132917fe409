/** The agent's tools together, and one turn's calls: all of them answered, in one message. */
import type { ContentBlock, ToolResultBlockParam } from '@anthropic-ai/sdk/resources/messages';
import type { BashSession } from './bash-session.ts';
import { bashTool } from './bash-tool.ts';
import { editTool } from './edit-tool.ts';
import { finishTool } from './finish-tool.ts';
import { searchContentTool, searchFilesTool } from './search-tools.ts';
import type { Tool, ToolAnswer, ToolDeps } from './tool.ts';

/** The five tools, in the order in which they are sent. */
export function createTools(deps: ToolDeps, session: BashSession): readonly Tool[] {
  return [
    bashTool(deps, session),
    editTool(deps),
    searchFilesTool(deps),
    searchContentTool(deps),
    finishTool(),
  ];
}

/** What a turn's calls came to. */
export interface TurnResults {
  readonly results: ToolResultBlockParam[];
  readonly touchedFiles: boolean;
  /** The account, when one of the calls was `finish`. */
  readonly finished: string | null;
}

/** What happens around the calls. */
export interface TurnHooks {
  readonly signal: AbortSignal;
  onStep(text: string): void;
}

/**
 * Answers every call of one turn. One after another, in the model's order: they share a shell and a tree, and a result
 * must not depend on chance.
 */
export async function runCalls(
  tools: readonly Tool[],
  content: readonly ContentBlock[],
  hooks: TurnHooks,
): Promise<TurnResults> {
  const results: ToolResultBlockParam[] = [];
  let touchedFiles = false;
  let finished: string | null = null;
  for (const block of content) {
    if (block.type !== 'tool_use') continue;
    const tool = tools.find((candidate) => candidate.name === block.name);
    if (tool !== undefined) hooks.onStep(tool.describe(block.input));
    const answer = await answerOf(tool, block.input, hooks.signal);
    touchedFiles ||= tool?.touchesFiles ?? false;
    finished ??= answer.finished ?? null;
    results.push({
      type: 'tool_result',
      tool_use_id: block.id,
      content: answer.text,
      ...(answer.isError === true ? { is_error: true } : {}),
    });
  }
  return { results, touchedFiles, finished };
}

async function answerOf(tool: Tool | undefined, input: unknown, signal: AbortSignal): Promise<ToolAnswer> {
  if (tool === undefined) return { text: 'There is no such tool.', isError: true };
  if (signal.aborted) return { text: '[not run: the round is over]', isError: true };
  try {
    return await tool.run(input, signal);
  } catch (error) {
    return { text: `The tool failed: ${error instanceof Error ? error.message : 'error'}`, isError: true };
  }
}
