/** Reads a JSON body within a bound, counted while it streams, and parses it with its schema. */
import type { z } from 'zod';
import { Refusal } from './refusal.ts';

/** What a path takes. */
export interface BodyRule<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly maxBytes: number;
  /** Hears how many bytes were read, before they are parsed. */
  onBytes?(bytes: number): void;
}

/**
 * The parsed body. Compressed bodies are refused: none of our own clients sends one. Errors: `Refusal` `too-large` or
 * `invalid`.
 */
export async function readJsonBody<Schema extends z.ZodType>(
  request: Request,
  rule: BodyRule<Schema>,
): Promise<z.infer<Schema>> {
  requireJson(request.headers);
  const bytes = await readBytes(request, rule.maxBytes);
  rule.onBytes?.(bytes.length);
  const text = decodeUtf8(bytes);
  const parsed = rule.schema.safeParse(parseJson(text));
  if (!parsed.success) throw new Refusal('invalid', 'body', { detail: issuePaths(parsed.error) });
  return parsed.data;
}

/** The body's bytes. Errors: `Refusal` `too-large`, thrown at the byte that is too many; `invalid` when it breaks off. */
export async function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) {
    throw new Refusal('too-large', `content-length over ${maxBytes} bytes`);
  }
  return request.body === null ? Buffer.alloc(0) : collectBytes(request.body, maxBytes);
}

/** Joins a stream's chunks, at most `maxBytes` of them. Errors: as `readBytes`. */
async function collectBytes(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const chunk of stream) {
      total += chunk.length;
      if (total > maxBytes) throw new Refusal('too-large', `body over ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal('invalid', 'body broke off or cannot be decoded');
  }
  return Buffer.concat(chunks, total);
}

function requireJson(headers: Headers): void {
  if (!/^application\/json\s*(;|$)/i.test(headers.get('content-type') ?? '')) {
    throw new Refusal('invalid', 'content-type is not application/json');
  }
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw new Refusal('invalid', 'body has a content-encoding');
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal('invalid', 'body is not UTF-8');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal('invalid', 'body is not JSON');
  }
}

/** Where the schema did not hold, without the foreign values: `entries.0.path, digest`. Keys may be foreign: cut. */
function issuePaths(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.map(String).join('.') || '(whole)'} ${issue.code}`.slice(0, 120))
    .join(', ');
}
