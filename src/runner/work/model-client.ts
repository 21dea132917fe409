/**
 * One model call over the gateway, with patience: backoff for 429, 529, 5xx, lost connections and cut streams; everything
 * else is a reason to end, named. The only file that knows the SDK's client.
 */
import { Readable } from 'node:stream';
import Anthropic, { APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import type { Message, MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages';
import { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import { authorization } from '../gateway/phase-token.ts';
import { type GatewayTarget, sendRequest } from '../gateway/send-request.ts';

/** Why no answer came. `overflow`: the conversation is too long. `closed`: the phase is over. `failed`: all else. */
export type NoAnswer = 'budget' | 'overflow' | 'closed' | 'stopped' | 'failed';

/** `detail` is what was said last, in words. */
export interface NoMessage {
  readonly none: NoAnswer;
  readonly detail: string;
}

export type ModelAnswer = { readonly message: Message } | NoMessage;

/** What the client needs. `giveUpMs`: how long one call is tried again. */
export interface ModelClientDeps {
  readonly target: GatewayTarget;
  readonly tokenFile: string | null;
  readonly clock: Clock;
  readonly giveUpMs: number;
}

/** Calls the model; never throws for what a server or a network does. */
export interface ModelClient {
  call(params: MessageCreateParamsBase, signal: AbortSignal): Promise<ModelAnswer>;
}

/** Bytes may be far apart while a model thinks; the gateway's pings come more often. */
const IDLE_MS = 5 * 60_000;

/** Builds the client; the token is read anew at each try. */
export function createModelClient(deps: ModelClientDeps): ModelClient {
  const anthropic = new Anthropic({
    // Replaced by the phase's token in `gatewayFetch`.
    apiKey: 'none',
    baseURL: 'http://gateway',
    maxRetries: 0,
    timeout: 60 * 60_000,
    logLevel: 'off',
    openTelemetry: false,
    fetch: (url, init) => gatewayFetch(deps, new Request(url, init)),
  });
  return {
    async call(params, signal) {
      const startedAt = deps.clock.now();
      for (let attempt = 1; ; attempt++) {
        const tried = await tryOnce(anthropic, params, signal);
        if (!('error' in tried)) return tried;
        const waitMs = retryAfterMs(tried.error) ?? backoffMs(attempt);
        const giveUp = deps.clock.now() + waitMs - startedAt >= deps.giveUpMs;
        const none = noAnswer(tried.error, signal, giveUp);
        if (none !== null) return { none, detail: wordsOf(tried.error) };
        await deps.clock.sleep(waitMs, signal).catch(() => {});
      }
    },
  };
}

async function tryOnce(
  anthropic: Anthropic,
  params: MessageCreateParamsBase,
  signal: AbortSignal,
): Promise<{ message: Message } | { error: unknown }> {
  try {
    return { message: await anthropic.messages.stream(params, { signal }).finalMessage() };
  } catch (error) {
    return { error };
  }
}

/** What an error means for the round; null: try again. */
function noAnswer(error: unknown, signal: AbortSignal, giveUp: boolean): NoAnswer | null {
  if (signal.aborted || error instanceof APIUserAbortError) return 'stopped';
  const final = error instanceof APIError ? finalMeaning(error) : null;
  return final ?? (giveUp ? 'failed' : null);
}

/** Null: passing. A stream that was cut has no status, nor has an error event inside one. */
function finalMeaning(error: APIError): NoAnswer | null {
  if (error.type === 'billing_error') return 'budget';
  if (isTooLong(error)) return 'overflow';
  const known = MEANING.get(error.status);
  if (known !== undefined) return known;
  if (error.headers?.get('x-should-retry') === 'false') return 'failed';
  return isPassing(error) ? null : 'failed';
}

const MEANING = new Map<number | undefined, NoAnswer>([
  [401, 'closed'],
  [402, 'budget'],
  [413, 'overflow'],
]);

function isPassing({ status, type }: APIError): boolean {
  if (status === undefined) return type !== 'invalid_request_error';
  return [408, 409, 429].includes(status) || status >= 500;
}

/** The API has no code of its own for it. */
function isTooLong(error: APIError): boolean {
  return (
    error.status === 400 &&
    /prompt is too long|exceed.{0,20}context|context (window|limit)/i.test(error.message)
  );
}

/** `retry-after-ms`, `retry-after` in seconds; at most two minutes. */
function retryAfterMs(error: unknown): number | null {
  if (!(error instanceof APIError)) return null;
  const ms = Number(error.headers?.get('retry-after-ms') ?? Number.NaN);
  const seconds = Number(error.headers?.get('retry-after') ?? Number.NaN);
  const wait = Number.isFinite(ms) ? ms : seconds * 1_000;
  return Number.isFinite(wait) && wait >= 0 ? Math.min(wait, 120_000) : null;
}

/** 0.5 s doubling to 30 s, a quarter of it random. */
function backoffMs(attempt: number): number {
  return Math.min(30_000, 500 * 2 ** (attempt - 1)) * (0.75 + Math.random() / 4);
}

const Envelope = z.object({ error: z.object({ message: z.string() }) });

/** The words of Anthropic's envelope, which the SDK's message holds as JSON. */
function wordsOf(error: unknown): string {
  const said = error instanceof APIError ? Envelope.safeParse(error.error) : null;
  const text = error instanceof Error ? error.message : String(error);
  return (said?.success ? said.data.error.message : text).slice(0, 500);
}

/** `fetch` over the gateway's transport, with the phase's token instead of any key. */
async function gatewayFetch(deps: ModelClientDeps, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = Object.fromEntries([...request.headers].filter(([name]) => name !== 'x-api-key'));
  const body = Buffer.from(await request.arrayBuffer());
  const response = await sendRequest(deps.target, {
    method: request.method,
    path: pathname + search,
    headers: { ...headers, ...authorization(deps.tokenFile), 'content-length': String(body.length) },
    body,
    signal: request.signal,
    idleTimeoutMs: IDLE_MS,
  });
  const answered = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) answered.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return new Response(Readable.toWeb(response), { status: response.statusCode ?? 502, headers: answered });
}
