/** One call of a client on Node's own objects: a web request, its streams and signals cost more than all else of a call. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../identity.ts';

/** A call whose caller is proven. */
export interface ClientCall {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly caller: Caller;
  /** Ours; in the ledger, and in what we answer ourselves. */
  readonly requestId: string;
}

/** Aborts `exchange` with the first of these signals, or when the client leaves; answers how to unlink the signals. */
export function endWith(
  exchange: AbortController,
  outgoing: ServerResponse,
  signals: readonly AbortSignal[],
): () => void {
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) exchange.abort(new Error('the client left'));
  });
  const unlinks = signals.map((signal) => {
    const abort = () => exchange.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  });
  return () => {
    for (const unlink of unlinks) unlink();
  };
}
