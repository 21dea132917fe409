/**
 * Carries an answer's bytes to the client as fast as it reads, and no faster. A cut upstream looks cut, a client that
 * leaves or stops reading cancels the upstream, and `ended` is called once whatever happens.
 */

/** What the relay tells its caller. */
export interface RelayEvents {
  /** Each piece, before it is handed on. */
  seen(bytes: Uint8Array): void;
  /** The exchange is over. */
  ended(): Promise<void>;
}

/** One answer on its way. */
export interface RelayInput {
  readonly body: AsyncIterable<Uint8Array>;
  /** Cancels the upstream exchange; aborting it from outside ends the relay too. */
  readonly exchange: AbortController;
  readonly clientIdleMs: number;
}

/** The body for the client's response. */
export function relay(input: RelayInput, events: RelayEvents): ReadableStream<Uint8Array> {
  const source = input.body[Symbol.asyncIterator]();
  const { signal } = input.exchange;
  let idle: NodeJS.Timeout | undefined;
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    clearTimeout(idle);
    void events.ended();
  };
  const cut = (controller: ReadableStreamDefaultController, reason: unknown) => {
    if (over) return;
    controller.error(reason);
    end();
  };
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    clearTimeout(idle);
    const piece = await source.next();
    if (over) return;
    if (piece.done === true) {
      controller.close();
      end();
      return;
    }
    events.seen(piece.value);
    controller.enqueue(piece.value);
    idle = setTimeout(() => input.exchange.abort(new Error('the client does not read')), input.clientIdleMs);
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        if (signal.aborted) cut(controller, signal.reason);
        signal.addEventListener('abort', () => cut(controller, signal.reason), { once: true });
      },
      pull: (controller) => pull(controller).catch((error: unknown) => cut(controller, error)),
      cancel: () => {
        end();
        input.exchange.abort(new Error('the client left'));
      },
    },
    { highWaterMark: 0 },
  );
}
