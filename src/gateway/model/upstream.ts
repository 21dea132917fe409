/** The model's side as the gateway sees it: one request out, one answer back as it comes. Adapters: `anthropic`, `replay`. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

/** What is sent. Header names are lower case; the adapter adds its own credential. */
export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query under the upstream's base, e.g. `/v1/messages?beta=true`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

/** An answer whose head has come; `body` gives buffers, and an error when the connection breaks before its end. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/**
 * Sends model requests. Errors: `upstream-unreachable` (nothing was sent: no cost), `upstream-lost` (it was sent and no
 * answer came: the cost is unknown). Aborting the signal ends the exchange on the upstream's side too.
 */
export interface Upstream {
  readonly name: string;
  send(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamAnswer>;
  /** Replaces our own credential in a text that came from outside. */
  redact(text: string): string;
}
