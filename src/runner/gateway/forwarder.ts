/**
 * A proxy on localhost for tools that cannot speak to a unix socket or must not hold a token (git in fetch): it adds the
 * phase token to requests under one path and passes bytes through. Nothing in a tool's environment is worth stealing.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { authorization } from './phase-token.ts';
import { type GatewayTarget, sendRequest } from './send-request.ts';

/** `paths`: prefixes that are forwarded; everything else is answered 404 here. */
export interface ForwarderOptions {
  readonly target: GatewayTarget;
  readonly tokenFile: string | null;
  readonly paths: readonly string[];
}

/** A listening forwarder; `origin` is `http://127.0.0.1:PORT`. */
export interface Forwarder {
  readonly origin: string;
  /** Requests so far that found nobody, or a gateway that said it is not ready. */
  timesAway(): number;
  close(): Promise<void>;
}

/** RFC 9110, 7.6.1: these belong to one connection. `authorization` is ours alone. */
const DROPPED = [
  'authorization',
  'connection',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-api-key',
];

const AWAY: readonly number[] = [502, 503, 504];

/** Listens on a free port of 127.0.0.1. */
export async function startForwarder(options: ForwarderOptions): Promise<Forwarder> {
  let timesAway = 0;
  const onAway = () => void timesAway++;
  const server = createServer((request, response) => {
    forward({ ...options, onAway }, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    timesAway: () => timesAway,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function forward(
  options: ForwarderOptions & { onAway(): void },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Parsed first, so that `..` and `%2e` cannot lead out of the prefix.
  const { pathname, search } = new URL(request.url ?? '/', 'http://gateway');
  const path = pathname + search;
  if (!options.paths.some((prefix) => path.startsWith(prefix))) {
    response.writeHead(404).end();
    return;
  }
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const upstream = await sendRequest(options.target, {
    method: request.method ?? 'GET',
    path,
    headers: { ...passedOn(request.headers), ...authorization(options.tokenFile) },
    body: request,
    signal: gone.signal,
  }).catch(() => null);
  if (upstream === null || AWAY.includes(upstream.statusCode ?? 0)) options.onAway();
  if (upstream === null) {
    response.writeHead(502).end('the gateway does not answer\n');
    return;
  }
  response.writeHead(upstream.statusCode ?? 502, passedOn(upstream.headers));
  await pipeline(upstream, response);
}

function passedOn(headers: NodeJS.Dict<string | string[]>): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !DROPPED.includes(name)) kept[name] = value;
  }
  return kept;
}
