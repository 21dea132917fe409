/** Reads a request body whole, within a size and an idle time, so that a slow or huge upload holds nobody else up. */
import { notAllowed, RefusedCall } from './anthropic-error.ts';
import type { CallsInFlight } from './calls-in-flight.ts';
import type { ModelLimits } from './model-deps.ts';

/** Bounds of a body, and the account of bytes that all calls hold together. */
export interface BodyBounds {
  readonly limits: Pick<ModelLimits, 'maxBodyBytes' | 'bodyIdleMs'>;
  readonly calls: Pick<CallsInFlight, 'takeBytes' | 'giveBytes'>;
}

/** A body; `free` gives its bytes back to the account, once. */
export interface HeldBody {
  readonly bytes: Buffer;
  free(): void;
}

/** Reads the body. Throws a refusal when it is too large, stalls, or too much is held already. */
export async function readBody(bounds: BodyBounds, request: Request): Promise<HeldBody> {
  const { limits, calls } = bounds;
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
  let held = 0;
  const free = () => {
    calls.giveBytes(held);
    held = 0;
  };
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of piecesOf(request, limits.bodyIdleMs)) {
      if (held + piece.length > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
      if (!calls.takeBytes(piece.length)) throw tooBusy();
      held += piece.length;
      pieces.push(piece);
    }
  } catch (error) {
    free();
    throw error;
  }
  return { bytes: Buffer.concat(pieces), free };
}

async function* piecesOf(request: Request, idleMs: number): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader();
  if (reader === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      const stalled = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(notAllowed('The request body stalled.')), idleMs);
      });
      const { done, value } = await Promise.race([reader.read(), stalled]);
      clearTimeout(timer);
      if (done) return;
      yield value;
    }
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
}

function tooLarge(maxBytes: number): RefusedCall {
  return notAllowed(`The request body is larger than ${Math.floor(maxBytes / 1_048_576)} MB.`);
}

function tooBusy(): RefusedCall {
  return new RefusedCall({
    status: 429,
    type: 'rate_limit_error',
    message: 'The gateway holds as many request bytes as it may. Try again.',
    retry: 5,
  });
}
