/** What the agent's tools said, read from the last user turn of a request. */
import { z } from 'zod';
import type { ToolOutcome } from './script.ts';

const Text = z.looseObject({ text: z.string().optional() });
const Result = z.looseObject({
  type: z.literal('tool_result'),
  content: z.union([z.string(), z.array(Text)]).optional(),
  is_error: z.boolean().optional(),
});

/** The results in their order; empty for a turn of plain words. */
export function readOutcomes(content: unknown): ToolOutcome[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((block) => {
    const result = Result.safeParse(block);
    return result.success
      ? [{ text: textOf(result.data.content), isError: result.data.is_error === true }]
      : [];
  });
}

function textOf(content: z.infer<typeof Result>['content']): string {
  if (content === undefined || typeof content === 'string') return content ?? '';
  return content.map((part) => part.text ?? '').join('\n');
}
