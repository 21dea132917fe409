/**
 * A model upstream that plays a script: Anthropic's Messages API over real HTTP, JSON and streams, with usage computed
 * from the request. Can be told to fail as real upstreams do.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { contentOf, eventsOf, type Message } from './answer-events.ts';
import { outputTokens, PromptCache, promptTokens } from './prompt-cache.ts';
import { readOutcomes } from './read-outcomes.ts';
import type { ScriptedAnswer, ScriptStep } from './script.ts';

/** How the next call fails: an error in place of an answer, half a stream, or events that come one by one after a wait. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'cut' }
  | { readonly kind: 'slow'; readonly perEventMs: number };

/** What may be set besides the script. */
export interface ScriptedModelOptions {
  /** What `x-api-key` or `Authorization: Bearer` must say; left out, nobody is asked. */
  readonly apiKey?: string;
  /** Ids that `/v1/models` lists. */
  readonly models?: readonly string[];
  /** Where to listen, and what others call it; a free loopback port by default. */
  readonly listen?: { readonly host: string; readonly port: number; readonly publicUrl: string };
  /** Another script for some conversations, told by what is asked; undefined: the one given first. */
  readonly scriptFor?: (messages: string) => readonly ScriptStep[] | undefined;
}

export interface ScriptedModel {
  readonly url: string;
  /** Bodies of the calls to `/v1/messages`, in order. */
  readonly requests: readonly unknown[];
  /** Usage of every answer that was begun, also where nobody was left to read it: what a real upstream would bill. */
  readonly billed: readonly Message['usage'][];
  failNext(fault: Fault): void;
  close(): Promise<void>;
}

const Request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
});

/** Said when a conversation goes on longer than its script. */
const END: ScriptedAnswer = { text: 'There is nothing more to do.', calls: [] };

/** Starts listening. Errors: a busy port. */
export async function startScriptedModel(
  answers: readonly ScriptStep[],
  options: ScriptedModelOptions = {},
): Promise<ScriptedModel> {
  const state: State = { answers, options, cache: new PromptCache(), faults: [], requests: [], billed: [] };
  const server = createServer((request, response) => {
    answer(state, request, response).catch((error: unknown) => {
      if (!response.headersSent) fail(response, 400, error instanceof Error ? error.message : 'bad request');
      response.destroy();
    });
  });
  const { host, port, publicUrl } = options.listen ?? { host: '127.0.0.1', port: 0, publicUrl: null };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the scripted model has no port');
  return {
    url: publicUrl ?? `http://127.0.0.1:${address.port}`,
    requests: state.requests,
    billed: state.billed,
    failNext: (fault) => void state.faults.push(fault),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface State {
  readonly answers: readonly ScriptStep[];
  readonly options: ScriptedModelOptions;
  readonly cache: PromptCache;
  readonly faults: Fault[];
  readonly requests: unknown[];
  readonly billed: Message['usage'][];
}

async function answer(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (!isAllowed(state, request)) return fail(response, 401, 'invalid x-api-key');
  if (request.method === 'GET' && path === '/v1/models') return json(response, modelList(state));
  const body: unknown = JSON.parse(await bodyText(request));
  if (path === '/v1/messages/count_tokens') {
    return json(response, { input_tokens: promptTokens(body) });
  }
  if (request.method !== 'POST' || path !== '/v1/messages') return fail(response, 404, 'no such path');
  state.requests.push(body);
  const message = messageFor(state, body);
  const fault = state.faults.shift();
  if (fault?.kind !== 'status') state.billed.push(message.usage);
  await send(response, message, { stream: Request.parse(body).stream, fault });
}

function messageFor(state: State, body: unknown): Message {
  const request = Request.parse(body);
  const turn = request.messages.filter((message) => message.role === 'assistant').length;
  const script = state.options.scriptFor?.(JSON.stringify(request.messages)) ?? state.answers;
  const step = script[turn] ?? END;
  const scripted = typeof step === 'function' ? step(readOutcomes(request.messages.at(-1)?.content)) : step;
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
  for (const event of events) {
    if (how.fault?.kind === 'slow') await delay(how.fault.perEventMs);
    if (response.destroyed) return;
    response.write(event);
  }
  response.end();
}

function isAllowed(state: State, request: IncomingMessage): boolean {
  const { apiKey } = state.options;
  if (apiKey === undefined) return true;
  const given = request.headers['x-api-key'] ?? request.headers.authorization?.replace(/^Bearer /i, '');
  return given === apiKey;
}

function modelList(state: State): unknown {
  const data = (state.options.models ?? []).map((id) => ({
    type: 'model',
    id,
    display_name: id,
    created_at: '2026-01-01T00:00:00Z',
  }));
  return { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
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

/** Anthropic's error types by status: https://docs.anthropic.com/en/api/errors */
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

function fail(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const type = ERROR_TYPES[status] ?? 'api_error';
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ type: 'error', error: { type, message } }));
}
