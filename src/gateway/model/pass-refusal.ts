/**
 * An upstream's refusal keeps its status, `retry-after` and envelope; our own credential is taken out of its text. Ours to
 * hide are redirects and a refusal of our own key, which the client would read as the end of its token.
 */
import type { ServerResponse } from 'node:http';
import { RefusedCall } from './anthropic-error.ts';
import type { ModelDeps } from './model-deps.ts';
import { answerHeaders } from './pass-headers.ts';
import type { UpstreamAnswer } from './upstream.ts';

/** Bytes of an error body that are read. */
const MAX_ERROR_BYTES = 256 * 1024;

/** Passes an answer with a status from 300 on. Throws `RefusedCall` for what is not the client's business. */
export async function passRefusal(
  deps: Pick<ModelDeps, 'upstream' | 'log'>,
  answer: UpstreamAnswer,
  outgoing: ServerResponse,
): Promise<void> {
  const text = deps.upstream.redact(await readError(answer));
  if (answer.status === 401 || answer.status < 400) {
    deps.log.error({ status: answer.status }, 'the upstream refuses our key or redirects');
    throw new RefusedCall({
      status: 502,
      type: 'api_error',
      message:
        "The gateway's own access to the model was refused. An operator must look at its key and address.",
      retry: false,
    });
  }
  outgoing.writeHead(answer.status, answerHeaders(answer.headers)).end(text);
}

async function readError(answer: UpstreamAnswer): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of answer.body) {
      size += piece.length;
      if (size > MAX_ERROR_BYTES) break;
      pieces.push(piece);
    }
  } catch {
    // a cut error body is still an error
  }
  return Buffer.concat(pieces).toString('utf8');
}
