/** A model that says what a test scripts, in Anthropic's own stream of events; errors and cut streams included. */
import type { ServerResponse } from 'node:http';

/** One scripted answer. */
export type ScriptedReply =
  | {
      readonly blocks: readonly ScriptedBlock[];
      readonly stop?: string;
      readonly inputTokens?: number;
      /** Cuts the connection after so many events. */
      readonly cutAfter?: number;
    }
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly type?: string;
      readonly message?: string;
    };

export type ScriptedBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown };

/** A call of one tool as a reply. */
export function call(id: string, name: string, input: unknown): ScriptedReply {
  return { blocks: [{ type: 'tool_use', id, name, input }] };
}

/** Writes one reply. */
export function writeReply(response: ServerResponse, reply: ScriptedReply): void {
  if ('status' in reply) {
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    const error = { type: reply.type ?? 'api_error', message: reply.message ?? 'scripted' };
    response.end(JSON.stringify({ type: 'error', error }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const events = eventsOf(reply);
  for (const event of events.slice(0, reply.cutAfter ?? events.length)) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  if (reply.cutAfter === undefined) response.end();
  else setImmediate(() => response.destroy());
}

interface Event {
  readonly type: string;
  readonly [key: string]: unknown;
}

function eventsOf(reply: Extract<ScriptedReply, { blocks: unknown }>): Event[] {
  const usage = { input_tokens: reply.inputTokens ?? 100, output_tokens: 1 };
  const calls = reply.blocks.some((block) => block.type === 'tool_use');
  const message = {
    id: 'msg_scripted',
    type: 'message',
    role: 'assistant',
    model: 'scripted',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  return [
    { type: 'message_start', message },
    ...reply.blocks.flatMap(blockEvents),
    {
      type: 'message_delta',
      delta: { stop_reason: reply.stop ?? (calls ? 'tool_use' : 'end_turn'), stop_sequence: null },
      usage: { output_tokens: 20 },
    },
    { type: 'message_stop' },
  ];
}

function blockEvents(block: ScriptedBlock, index: number): Event[] {
  const start = block.type === 'text' ? { type: 'text', text: '' } : { ...block, input: {} };
  const delta =
    block.type === 'text'
      ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
  return [
    { type: 'content_block_start', index, content_block: start },
    { type: 'content_block_delta', index, delta },
    { type: 'content_block_stop', index },
  ];
}
