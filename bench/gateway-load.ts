/** The load: a 47 KB request of an agent in the middle of its work, and the answers that it gets. */

const REQUEST_BYTES = 47_000;
const HISTORY = 20;

/** The body of call `index`: the same history, a last message of its own. */
export function requestBody(index: number, stream: boolean): string {
  const tools = Array.from({ length: 8 }, (_, tool) => ({
    name: `tool_${tool}`,
    description: `Does one thing well. ${'It takes a path and answers with text. '.repeat(12)}`,
    input_schema: { type: 'object', properties: { path: { type: 'string' }, lines: { type: 'array' } } },
  }));
  const build = (filler: string) =>
    JSON.stringify({
      model: 'claude-sonnet-4-6',
      max_tokens: 8_000,
      stream,
      system: [{ type: 'text', text: 'You are a careful engineer.', cache_control: { type: 'ephemeral' } }],
      tools,
      messages: [...history(filler), { role: 'user', content: `call ${index}: go on` }],
    });
  const empty = build('').length;
  return build('const answer = compute(input);\n'.repeat(Math.floor((REQUEST_BYTES - empty) / HISTORY / 32)));
}

function history(filler: string): unknown[] {
  return Array.from({ length: HISTORY }, (_, turn) =>
    turn % 2 === 0
      ? {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: `toolu_${turn - 1}`, content: filler }],
        }
      : {
          role: 'assistant',
          content: [
            { type: 'text', text: filler },
            { type: 'tool_use', id: `toolu_${turn}`, name: 'tool_1', input: { path: `src/${turn}.ts` } },
          ],
        },
  );
}

const USAGE = {
  input_tokens: 60,
  cache_creation_input_tokens: 400,
  cache_read_input_tokens: 11_000,
  output_tokens: 220,
  service_tier: 'standard',
};
const TEXT = 'I read the file and will now change the pattern so that it reads every unit. '.repeat(10);

/** An unstreamed answer of 220 tokens. */
export function answerBody(): string {
  const content = [{ type: 'text', text: TEXT }];
  return JSON.stringify({
    id: 'msg_bench',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-6',
    content,
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: USAGE,
  });
}

/** The same answer as 60 stream events. */
export function* streamBody(): Generator<string> {
  const event = (data: { type: string; [key: string]: unknown }) =>
    `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  const message = {
    id: 'msg_bench',
    type: 'message',
    role: 'assistant',
    content: [],
    usage: { ...USAGE, output_tokens: 1 },
  };
  yield event({ type: 'message_start', message });
  yield event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
  for (const text of TEXT.match(/[\s\S]{1,14}/g) ?? []) {
    yield event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
  }
  yield event({ type: 'content_block_stop', index: 0 });
  yield event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: USAGE });
  yield event({ type: 'message_stop' });
}
