/** An Anthropic-compatible base URL over Node's own client: kept-alive connections, no redirects, the key added here only. */
import http from 'node:http';
import https from 'node:https';
import { GloveboxError } from '../../shared/errors.ts';
import type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstream.ts';

/** Where and with what key; times in milliseconds. */
export interface AnthropicOptions {
  readonly baseUrl: string;
  /** Null where the upstream wants none (self-hosted). */
  readonly apiKey: string | null;
  readonly maxConnections?: number;
  /** Until the head of the answer: an unstreamed answer thinks as long as it likes. */
  readonly headTimeoutMs?: number;
  /** Between two pieces of an answer; Anthropic sends pings. */
  readonly idleTimeoutMs?: number;
}

const DEFAULTS = { maxConnections: 512, headTimeoutMs: 600_000, idleTimeoutMs: 120_000 };

/** Builds the adapter. Error `upstream-invalid`. */
export function anthropicUpstream(options: AnthropicOptions): Upstream & { close(): void } {
  const settings = { ...DEFAULTS, ...options };
  const base = parseUpstream(options.baseUrl);
  const client = base.protocol === 'https:' ? https : http;
  const agent = new client.Agent({ keepAlive: true, maxSockets: settings.maxConnections });
  const key = options.apiKey;
  const prefix = base.pathname.replace(/\/$/, '');
  return {
    name: base.host,
    redact: (text) => (key === null || key.length < 8 ? text : text.replaceAll(key, '[removed: credential]')),
    close: () => agent.destroy(),
    send: (request, signal) => {
      const headers = { ...request.headers, ...(key === null ? {} : { 'x-api-key': key }) };
      const target = {
        agent,
        protocol: base.protocol,
        hostname: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port,
        path: prefix + request.path,
        method: request.method,
        headers: { ...headers, host: base.host },
      };
      return exchange(client.request(target), { request, signal, settings });
    },
  };
}

interface Exchange {
  readonly request: UpstreamRequest;
  readonly signal: AbortSignal;
  readonly settings: typeof DEFAULTS;
}

function exchange(
  outgoing: http.ClientRequest,
  { request, signal, settings }: Exchange,
): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    let connected = false;
    const abort = () => outgoing.destroy(new Error('aborted'));
    const head = setTimeout(() => outgoing.destroy(new Error('no answer in time')), settings.headTimeoutMs);
    outgoing.on('socket', (socket) => {
      connected = !socket.connecting;
      if (connected) return;
      socket.once('connect', () => {
        connected = true;
      });
    });
    outgoing.on('error', (cause) => reject(upstreamError(connected, cause)));
    outgoing.on('response', (incoming) => {
      clearTimeout(head);
      incoming.setTimeout(settings.idleTimeoutMs, () => incoming.destroy(new Error('the answer stalled')));
      resolve({ status: incoming.statusCode ?? 502, headers: incoming.headers, body: incoming });
    });
    outgoing.on('close', () => {
      clearTimeout(head);
      signal.removeEventListener('abort', abort);
    });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    else if (request.body === null) outgoing.end();
    else outgoing.end(request.body);
  });
}

function upstreamError(connected: boolean, cause: Error): GloveboxError {
  return new GloveboxError({
    code: connected ? 'upstream-lost' : 'upstream-unreachable',
    message: connected
      ? `The model's upstream ended the connection before its answer: ${cause.message}.`
      : `The model's upstream cannot be reached: ${cause.message}. Check its address.`,
    retry: true,
    cause,
  });
}

/** A base address, with a path perhaps. Error `upstream-invalid`: another scheme, or what would be left out of our requests. */
export function parseUpstream(baseUrl: string): URL {
  const url = URL.parse(baseUrl);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw invalidUpstream(baseUrl.slice(0, 200), 'an http or https address');
  }
  if (url.username + url.password + url.search + url.hash === '') return url;
  // not shown whole: it may hold a password
  throw invalidUpstream(
    `${url.origin}${url.pathname}`,
    'an address without user name, password, query and fragment (the key is ANTHROPIC_API_KEY)',
  );
}

function invalidUpstream(shown: string, expected: string): GloveboxError {
  return new GloveboxError({
    code: 'upstream-invalid',
    message: `Invalid upstream '${shown}': expected ${expected}, e.g. https://api.anthropic.com.`,
  });
}
