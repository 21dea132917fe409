/**
 * The two questions of whoever runs a process of ours, answered to anybody: is it alive (else start it anew), and may it be
 * sent requests. Sandboxes can ask too, so the answer is a word or two.
 */
import type { Readiness } from './readiness.ts';

/** An answer before it is a response: HTTP status, and what is sent as JSON. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly body: { readonly status: string };
}

/** True for `/healthz` and `/readyz`. */
export function isHealthPath(path: string): path is '/healthz' | '/readyz' {
  return path === '/healthz' || path === '/readyz';
}

/** What is answered there. */
export async function readHealth(path: '/healthz' | '/readyz', readiness: Readiness): Promise<HealthAnswer> {
  if (path === '/healthz') return { status: 200, body: { status: 'ok' } };
  const missing = await readiness();
  if (missing === null) return { status: 200, body: { status: 'ready' } };
  return { status: 503, body: { status: `not ready: ${missing}` } };
}
