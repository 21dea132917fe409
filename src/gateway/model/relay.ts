/**
 * Carries an answer's bytes to the client as fast as it reads, and no faster. A cut upstream looks cut, a client that
 * leaves or stops reading cancels the upstream, and `ended` is called once whatever happens.
 */
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/** What the relay tells its caller. */
export interface RelayEvents {
  /** Each piece, as it is handed on. */
  seen(bytes: Buffer): void;
  /** The exchange is over; the client has, or will have, all that was seen. */
  ended(): void;
}

/** One answer on its way; the head is written. */
export interface RelayInput {
  readonly body: Readable;
  readonly outgoing: ServerResponse;
  /** Cancels the upstream exchange; aborting it from outside cuts the answer. */
  readonly exchange: AbortController;
  readonly clientIdleMs: number;
}

/** Starts carrying. */
export function relay({ body, outgoing, exchange, clientIdleMs }: RelayInput, events: RelayEvents): void {
  const { signal } = exchange;
  let over = false;
  const end = (): boolean => {
    if (over) return false;
    over = true;
    signal.removeEventListener('abort', cut);
    events.ended();
    return true;
  };
  const cut = () => {
    if (!end()) return;
    outgoing.destroy();
    body.destroy();
  };
  const finish = () => {
    if (over) return;
    outgoing.end();
    end();
    if (outgoing.writableLength > 0) leaveIdle(outgoing, clientIdleMs);
  };
  signal.addEventListener('abort', cut);
  body.on('end', finish).on('error', cut).on('close', cut);
  if (signal.aborted || body.destroyed) cut();
  body.on('data', (piece: Buffer) => {
    if (over) return;
    if (!outgoing.write(piece)) waitForClient({ body, outgoing, exchange, clientIdleMs });
    events.seen(piece);
  });
}

/** The upstream waits too, so that what a client does not read is held by nobody. */
function waitForClient({ body, outgoing, exchange, clientIdleMs }: RelayInput): void {
  body.pause();
  const idle = setTimeout(() => exchange.abort(new Error('the client does not read')), clientIdleMs);
  const forget = () => clearTimeout(idle);
  outgoing.once('close', forget);
  outgoing.once('drain', () => {
    forget();
    // a long answer is waited for thousands of times
    outgoing.off('close', forget);
    body.resume();
  });
}

/** The last bytes are the kernel's to send; a client that leaves them unread does not keep its connection. */
function leaveIdle(outgoing: ServerResponse, clientIdleMs: number): void {
  const idle = setTimeout(() => outgoing.destroy(), clientIdleMs);
  outgoing.once('close', () => clearTimeout(idle));
}
