/** What is sent upstream: the client's bytes, and new ones only where something must change. */
import type { Span } from './json-spans.ts';
import type { ModelRequest } from './model-request.ts';

/** The body to send: the bytes that came, with only `max_tokens` and scrubbed values in other places. */
export function rewriteBody(request: ModelRequest, maxTokens: number): Buffer {
  const edits: { span: Span; bytes: Buffer }[] = [];
  const add = (span: Span | undefined, bytes: Buffer | null | undefined) => {
    if (span !== undefined && bytes !== null && bytes !== undefined) edits.push({ span, bytes });
  };
  if (maxTokens !== request.maxTokens) {
    add(request.outline.members.get('max_tokens'), Buffer.from(String(maxTokens)));
  }
  for (const [name, bytes] of request.head.replacements) add(request.outline.members.get(name), bytes);
  for (const [index, message] of request.messages.entries()) {
    add(request.outline.messages[index], message.replacement);
  }
  if (edits.length === 0) return request.bytes;
  return splice(request.bytes, edits);
}

function splice(bytes: Buffer, edits: { span: Span; bytes: Buffer }[]): Buffer {
  const sorted = edits.toSorted((a, b) => a.span.start - b.span.start);
  const parts: Buffer[] = [];
  let from = 0;
  for (const edit of sorted) {
    parts.push(bytes.subarray(from, edit.span.start), edit.bytes);
    from = edit.span.end;
  }
  parts.push(bytes.subarray(from));
  return Buffer.concat(parts);
}
