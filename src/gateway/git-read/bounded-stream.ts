/** Passes a stream on while counting; at the byte that is too many it breaks, so that a cut answer looks cut. */
import { GloveboxError } from '../../shared/errors.ts';

/** The same bytes in the same order. The reader meets error `answer-too-large` past `maxBytes`; leaving cancels the source. */
export function boundedStream(
  source: ReadableStream<Uint8Array>,
  maxBytes: number,
): ReadableStream<Uint8Array> {
  let total = 0;
  return source.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        total += chunk.length;
        if (total > maxBytes) throw tooLarge(maxBytes);
        controller.enqueue(chunk);
      },
    }),
  );
}

function tooLarge(maxBytes: number): GloveboxError {
  return new GloveboxError({
    code: 'answer-too-large',
    message: `The git server's answer has more than ${maxBytes} bytes: expected less. The repository is too large at this commit.`,
    audience: 'sandbox',
  });
}
