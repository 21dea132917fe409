/**
 * A streamed answer whose source breaks must look broken: the connection is cut, never ended as if the answer were whole,
 * and no error text of ours reaches the client.
 */
import type { ServerResponse } from 'node:http';

/** The same answer; JSON answers are built whole by us and pass as they are. */
export function cutOnError(response: Response, outgoing: Pick<ServerResponse, 'destroy'>): Response {
  if (response.body === null || isWhole(response.headers)) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const chunk = await reader.read().catch(() => null);
        if (chunk === null) outgoing.destroy();
        if (chunk === null || chunk.done) controller.close();
        else controller.enqueue(chunk.value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}

function isWhole(headers: Headers): boolean {
  return headers.get('content-type')?.startsWith('application/json') ?? false;
}
