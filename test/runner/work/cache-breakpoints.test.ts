import type { MessageParam } from '@anthropic-ai/sdk/resources/messages';
import { expect, test } from 'vitest';
import { withBreakpoints } from '../../../src/runner/work/cache-breakpoints.ts';

const system = [{ type: 'text' as const, text: 's' }];
const tools = [{ type: 'bash_20250124' as const, name: 'bash' as const }];

/** A conversation of so many turns with so many parallel calls each. */
function conversation(turns: number, calls: number): MessageParam[] {
  const messages: MessageParam[] = [{ role: 'user', content: [{ type: 'text', text: 'go' }] }];
  for (let turn = 0; turn < turns; turn++) {
    const ids = Array.from({ length: calls }, (_, index) => `c${turn}-${index}`);
    messages.push({
      role: 'assistant',
      content: ids.map((id) => ({ type: 'tool_use', id, name: 'bash', input: {} })),
    });
    messages.push({
      role: 'user',
      content: ids.map((id) => ({ type: 'tool_result', tool_use_id: id, content: 'x' })),
    });
  }
  return messages;
}

/** Every block of a request in the order of the cache's prefix, and which are marked. */
function flat(messages: MessageParam[]) {
  const parts = withBreakpoints({ system, tools, messages });
  const blocks: object[] = [
    ...parts.tools,
    ...parts.system,
    ...parts.messages.flatMap((message) => (typeof message.content === 'string' ? [] : message.content)),
  ];
  const marks = blocks.flatMap((block, index) =>
    'cache_control' in block && block.cache_control ? [index] : [],
  );
  return { blocks: blocks.map((block) => JSON.stringify({ ...block, cache_control: undefined })), marks };
}

/** Anthropic's rule: a mark finds an entry that was written at most 20 blocks before it. */
function cachedBlocks(before: ReturnType<typeof flat>, now: ReturnType<typeof flat>): number {
  const written = before.marks.map((mark) => before.blocks.slice(0, mark + 1).join());
  const found = now.marks.flatMap((mark) =>
    Array.from({ length: 21 }, (_, back) => mark - back).filter(
      (end) => end >= 0 && written.includes(now.blocks.slice(0, end + 1).join()),
    ),
  );
  return Math.max(-1, ...found) + 1;
}

test.each([1, 3, 15, 40])(
  'with %i calls a turn everything that was sent before is read from the cache',
  (calls) => {
    for (let turn = 1; turn < 6; turn++) {
      const before = flat(conversation(turn - 1, calls));
      const now = flat(conversation(turn, calls));
      expect(cachedBlocks(before, now)).toBe(before.blocks.length);
      expect(now.marks.length).toBeLessThanOrEqual(4);
    }
  },
);

test('counter-test: with a mark on the last turn alone, a turn of many calls misses the cache', () => {
  const lastOnly = (messages: MessageParam[]) => {
    const all = flat(messages);
    return { ...all, marks: [...all.marks.slice(0, 2), ...all.marks.slice(-1)] };
  };
  const before = lastOnly(conversation(1, 15));
  expect(cachedBlocks(before, lastOnly(conversation(2, 15)))).toBeLessThan(before.blocks.length);
});

test('the kept conversation is not touched', () => {
  const messages = conversation(2, 1);
  const copy = structuredClone(messages);
  withBreakpoints({ system, tools, messages });
  expect(messages).toEqual(copy);
});
