/** Reads a request's body up to a bound: by its announced length before anything is read, and by counting while reading. */
import type { IncomingMessage } from 'node:http';

/** The body as UTF-8 text. `broken`: the sender left early, or the announced length is no number. */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<string | 'too-large' | 'broken'> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) return 'too-large';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      const part: Uint8Array = chunk;
      bytes += part.length;
      if (bytes > maxBytes) return 'too-large';
      chunks.push(part);
    }
  } catch {
    return 'broken';
  }
  return Buffer.concat(chunks).toString('utf8');
}
