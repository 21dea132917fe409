/**
 * The two questions of whoever runs this process, answered to anybody: is it alive (else start it anew), and may it be sent
 * requests. Sandboxes can ask too, so the answer is one word.
 */
import type { Readiness } from '../shared/readiness.ts';

/** The answer to `/healthz` and `/readyz`; null for every other path. */
export function answerHealth(path: string, readiness: Readiness): Promise<Response> | null {
  if (path === '/healthz') return Promise.resolve(Response.json({ status: 'ok' }));
  return path === '/readyz' ? ready(readiness) : null;
}

async function ready(readiness: Readiness): Promise<Response> {
  const missing = await readiness();
  return Response.json(
    { status: missing === null ? 'ready' : `not ready: ${missing}` },
    { status: missing === null ? 200 : 503 },
  );
}
