/**
 * A model upstream that plays a script: Anthropic's Messages API over real HTTP, JSON and streams, with usage computed
 * from the request. Can be told to fail as real upstreams do.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { contentOf, eventsOf, type Message } from './answer-events.ts';
import { outputTokens, PromptCache } from './prompt-cache.ts';
import type { ScriptedAnswer } from './script.ts';

/** How the next call fails. `cut` sends half a stream; `hold` waits until `release` is called. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'cut' };

export interface ScriptedModel {
  readonly url: string;
  /** Bodies of the calls to `/v1/messages`, in order. */
  readonly requests: readonly unknown[];
  failNext(fault: Fault): void;
  close(): Promise<void>;
}

const Request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(z.looseObject({ role: z.string() })),
});

/** Said when a conversation goes on longer than its script. */
const END: ScriptedAnswer = { text: 'There is nothing more to do.', calls: [] };

/** Listens on a free loopback port. */
export async function startScriptedModel(answers: readonly ScriptedAnswer[]): Promise<ScriptedModel> {
  const state: State = { answers, cache: new PromptCache(), faults: [], requests: [] };
  const server = createServer((request, response) => {
    answer(state, request, response).catch((error: unknown) => {
      if (!response.headersSent) fail(response, 400, error instanceof Error ? error.message : 'bad request');
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the scripted model has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests: state.requests,
    failNext: (fault) => void state.faults.push(fault),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface State {
  readonly answers: readonly ScriptedAnswer[];
  readonly cache: PromptCache;
  readonly faults: Fault[];
  readonly requests: unknown[];
}

async function answer(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0];
  if (request.method === 'GET' && path === '/v1/models') return json(response, { data: [], has_more: false });
  const body: unknown = JSON.parse(await bodyText(request));
  if (path === '/v1/messages/count_tokens') {
    return json(response, { input_tokens: new PromptCache().count(body, Date.now()).input_tokens });
  }
  if (request.method !== 'POST' || path !== '/v1/messages') return fail(response, 404, 'no such path');
  state.requests.push(body);
  await send(response, messageFor(state, body), {
    stream: Request.parse(body).stream,
    fault: state.faults.shift(),
  });
}

function messageFor(state: State, body: unknown): Message {
  const request = Request.parse(body);
  const turn = request.messages.filter((message) => message.role === 'assistant').length;
  const scripted = state.answers[turn] ?? END;
  const id = `${turn}_${state.requests.length}`;
  const content = contentOf(scripted, id);
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content,
    stop_reason: scripted.calls.length > 0 ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: { ...state.cache.count(body, Date.now()), output_tokens: outputTokens(content) },
  };
}

async function send(
  response: ServerResponse,
  message: Message,
  how: { readonly stream: boolean; readonly fault: Fault | undefined },
): Promise<void> {
  if (how.fault?.kind === 'status')
    return fail(response, how.fault.status, 'told to fail', how.fault.headers);
  if (!how.stream) return json(response, message);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${message.id}` });
  const events = eventsOf(message);
  if (how.fault?.kind === 'cut') {
    await new Promise((resolve) =>
      response.write(events.slice(0, Math.ceil(events.length / 2)).join(''), resolve),
    );
    response.destroy();
    return;
  }
  response.end(events.join(''));
}

async function bodyText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function fail(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const type = status === 529 ? 'overloaded_error' : 'api_error';
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ type: 'error', error: { type, message } }));
}
