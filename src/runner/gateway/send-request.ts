/**
 * One HTTP request to the gateway, over a unix socket or to an origin; the only place that knows the transport. Each has a
 * connection of its own: one that is kept saves 1.3 ms of a call (measured in a pod, p50), and is a dead one after each
 * restart of a replica, whom it also binds this sandbox to.
 */
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { RunnerLayout } from '../../result/contract/layout.ts';
import { connectSoon } from './connect-soon.ts';

/** Where the gateway is, from the layout. */
export type GatewayTarget = RunnerLayout['gateway'];

const HTTP_PORT = 80;

/** A request as it goes on the wire. `path` starts with a slash and may carry a query. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | Readable;
  readonly signal?: AbortSignal;
  /** Milliseconds without a byte in either direction. */
  readonly idleTimeoutMs?: number;
}

/** Resolves with the response's head; its body is the message's stream. Rejects with Node's own network errors. */
export function sendRequest(target: GatewayTarget, wire: WireRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = open(target, {
      method: wire.method,
      path: wire.path,
      headers: Object.fromEntries(
        Object.entries(wire.headers).map(([name, value]) => [name, mutable(value)]),
      ),
      ...(wire.signal === undefined ? {} : { signal: wire.signal }),
    });
    if (wire.idleTimeoutMs !== undefined) request.setTimeout(wire.idleTimeoutMs);
    request.on('timeout', () => request.destroy(new Error('gateway-idle: no byte in time')));
    request.once('response', resolve);
    request.once('error', reject);
    if (wire.body === undefined || wire.body instanceof Uint8Array) request.end(wire.body);
    else wire.body.once('error', (error) => request.destroy(error)).pipe(request);
  });
}

function open(target: GatewayTarget, options: RequestOptions): ClientRequest {
  if ('socketPath' in target)
    return httpRequest({ ...options, socketPath: target.socketPath, host: 'gateway', agent: false });
  const { hostname: host, port } = new URL(target.origin);
  const address = { host, port: Number(port) || HTTP_PORT };
  return httpRequest({
    ...options,
    ...address,
    createConnection: (_, created) => {
      connectSoon(address, options.signal).then(
        (socket) => created(null, socket),
        // Node's types want a socket beside the error; it looks at none.
        (error: Error) => created(error, new Socket()),
      );
      return null;
    },
  });
}

function mutable(value: string | readonly string[]): string | string[] {
  return typeof value === 'string' ? value : [...value];
}
