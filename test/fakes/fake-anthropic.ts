/**
 * A model upstream over real HTTP that speaks Anthropic's protocol: answers by script, meters like a tokenizer would
 * (never more tokens than bytes), and can stall, break or refuse on command. Records what it was sent.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the next call is answered. */
export interface Script {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Raw body instead of a message. */
  readonly body?: string;
  readonly usage?: Record<string, unknown>;
  readonly text?: string;
  readonly content?: readonly unknown[];
  /** Called before each stream event after `message_start`; the fake waits for it. */
  readonly gate?: () => Promise<void>;
  /** Destroys the socket: before the head, or after that many stream events. */
  readonly breakAfterEvents?: number | 'head';
  readonly stopReason?: string;
}

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface FakeAnthropic {
  readonly url: string;
  readonly received: Received[];
  /** Calls whose client side went away before the end. */
  cancelled(): number;
  /** Answers in flight right now, and the most at once. */
  busy(): { now: number; most: number };
  script(next: Script | ((request: Received) => Script)): void;
  close(): Promise<void>;
}

/** Starts a fake; every call is answered by the last script given. */
export async function startFakeAnthropic(): Promise<FakeAnthropic> {
  const received: Received[] = [];
  let script: Script | ((request: Received) => Script) = {};
  let cancelled = 0;
  let now = 0;
  let most = 0;
  const server = http.createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString('utf8');
      const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      received.push(seen);
      now += 1;
      most = Math.max(most, now);
      response.on('close', () => {
        now -= 1;
        if (!response.writableFinished) cancelled += 1;
      });
      answer(response, seen, typeof script === 'function' ? script(seen) : script).catch(() =>
        response.destroy(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    received,
    cancelled: () => cancelled,
    busy: () => ({ now, most }),
    script: (next) => {
      script = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function answer(response: http.ServerResponse, request: Received, script: Script): Promise<void> {
  if (script.breakAfterEvents === 'head') {
    response.destroy();
    return;
  }
  const headers = {
    'request-id': 'req_upstream',
    'anthropic-ratelimit-requests-limit': '50',
    ...script.headers,
  };
  if (script.body !== undefined || (script.status ?? 200) >= 300) {
    const text =
      script.body ?? JSON.stringify({ type: 'error', error: { type: 'api_error', message: 'scripted' } });
    response.writeHead(script.status ?? 200, { 'content-type': 'application/json', ...headers }).end(text);
    return;
  }
  if (request.path.startsWith('/v1/messages/count_tokens'))
    return json(response, headers, { input_tokens: 12 });
  if (request.path.startsWith('/v1/models')) return json(response, headers, { data: [], has_more: false });
  const asked = JSON.parse(request.body);
  const message = messageFor(asked, request, script);
  if (asked.stream !== true) {
    await script.gate?.();
    return json(response, headers, message);
  }
  await stream(response, { headers, message, script });
}

function json(response: http.ServerResponse, headers: Record<string, string>, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function messageFor(asked: { model: string; max_tokens: number }, request: Received, script: Script) {
  const text = script.text ?? 'All done.';
  const usage = {
    input_tokens: Math.ceil(request.body.length / 4),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: Math.min(asked.max_tokens, Math.ceil(text.length / 4)),
    service_tier: 'standard',
    ...script.usage,
  };
  return {
    id: 'msg_fake',
    type: 'message',
    role: 'assistant',
    model: asked.model,
    content: script.content ?? [{ type: 'text', text }],
    stop_reason: script.stopReason ?? 'end_turn',
    stop_sequence: null,
    usage,
  };
}

type Message = ReturnType<typeof messageFor>;

async function stream(
  response: http.ServerResponse,
  { headers, message, script }: { headers: Record<string, string>; message: Message; script: Script },
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  let sent = 0;
  for (const event of eventsOf(message)) {
    if (sent > 0) await script.gate?.();
    if (response.destroyed) return;
    if (sent === script.breakAfterEvents) {
      response.destroy();
      return;
    }
    if (!response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)) await drained(response);
    sent += 1;
  }
  response.end();
}

function* eventsOf(message: Message): Generator<{ type: string; [key: string]: unknown }> {
  const start = { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } };
  yield { type: 'message_start', message: start };
  for (const [index, block] of message.content.entries()) {
    yield* blockEvents(index, block);
  }
  yield {
    type: 'message_delta',
    delta: { stop_reason: message.stop_reason, stop_sequence: null },
    usage: message.usage,
  };
  yield { type: 'message_stop' };
}

function* blockEvents(index: number, block: unknown): Generator<{ type: string; [key: string]: unknown }> {
  const fields = new Map(Object.entries(Object(block)));
  const input = fields.get('input');
  const text = fields.get('text');
  const empty = Object.fromEntries(
    [...fields].map(([key, value]) => [key, key === 'text' ? '' : key === 'input' ? {} : value]),
  );
  yield { type: 'content_block_start', index, content_block: empty };
  if (typeof text === 'string') {
    for (const piece of text.match(/[\s\S]{1,20}/g) ?? []) {
      yield { type: 'content_block_delta', index, delta: { type: 'text_delta', text: piece } };
    }
  }
  if (input !== undefined) {
    for (const piece of JSON.stringify(input).match(/[\s\S]{1,20}/g) ?? []) {
      yield { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: piece } };
    }
  }
  yield { type: 'content_block_stop', index };
}

/** A client that does not read holds the fake up, as it would a real upstream. */
function drained(response: http.ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}
