/** Reads a request body whole, within a size and an idle time, so that a slow or huge upload holds nobody else up. */
import type { IncomingMessage } from 'node:http';
import { notAllowed, RefusedCall } from './anthropic-error.ts';
import type { CallsInFlight } from './calls-in-flight.ts';
import type { ClientCall } from './client-call.ts';
import type { ModelLimits } from './model-deps.ts';

/** Bounds of a body, and the accounts of the bytes that calls hold. */
export interface BodyBounds {
  readonly limits: Pick<ModelLimits, 'maxBodyBytes' | 'bodyIdleMs'>;
  readonly calls: Pick<CallsInFlight, 'held'>;
}

/** A body; `free` gives its bytes back to its job's account, once. */
export interface HeldBody {
  readonly bytes: Buffer;
  free(): void;
}

/** Reads the body. Throws a refusal when it is too large, stalls, breaks off, or too much is held already. */
export async function readBody(
  bounds: BodyBounds,
  { incoming, caller }: Pick<ClientCall, 'incoming' | 'caller'>,
): Promise<HeldBody> {
  const { limits } = bounds;
  const account = bounds.calls.held;
  const declared = Number(incoming.headers['content-length'] ?? 0);
  if (declared > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
  let held = 0;
  const free = () => {
    account.give(caller.jobName, held);
    held = 0;
  };
  const take = (piece: Buffer) => {
    if (held + piece.length > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
    if (!account.take(caller.jobName, piece.length)) throw tooBusy();
    held += piece.length;
  };
  try {
    return { bytes: await collect(incoming, limits.bodyIdleMs, take), free };
  } catch (error) {
    free();
    throw error;
  }
}

/** All pieces as one; `take` sees each first and may throw. After a failure the rest is left to Node, which discards it. */
function collect(incoming: IncomingMessage, idleMs: number, take: (piece: Buffer) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (incoming.destroyed) return reject(brokeOff());
    const pieces: Buffer[] = [];
    const fail = (error: unknown) => {
      stop();
      reject(error);
    };
    const stalled = setTimeout(() => fail(notAllowed('The request body stalled.')), idleMs);
    const onData = (piece: Buffer) => {
      try {
        take(piece);
      } catch (error) {
        fail(error);
        return;
      }
      pieces.push(piece);
      stalled.refresh();
    };
    const onEnd = () => {
      stop();
      resolve(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces));
    };
    const onClose = () => fail(brokeOff());
    const stop = () => {
      clearTimeout(stalled);
      incoming.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
    };
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function brokeOff(): RefusedCall {
  return notAllowed('The request body broke off.');
}

function tooLarge(maxBytes: number): RefusedCall {
  return notAllowed(`The request body is larger than ${Math.floor(maxBytes / 1_048_576)} MB.`);
}

function tooBusy(): RefusedCall {
  return new RefusedCall({
    status: 429,
    type: 'rate_limit_error',
    message: 'The gateway holds as many request bytes as it may, of this job or in all. Try again.',
    retry: 5,
  });
}
