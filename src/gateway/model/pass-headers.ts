/** Which headers pass: lists of what is known to be needed, so that no credential, cookie or account name slips through. */

import type { IncomingHttpHeaders } from 'node:http';

const REQUEST_HEADERS = new Set(['accept', 'content-type', 'user-agent', 'x-app']);
const REQUEST_PREFIXES = ['anthropic-', 'x-stainless-'];
/** Chooses who is billed; ours to choose. */
const NEVER_SENT = new Set(['anthropic-user-profile-id', 'anthropic-organization-id']);

const ANSWER_HEADERS = [
  'content-type',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'cf-ray',
];

/** Headers for the upstream; its own credential is added by the adapter. */
export function requestHeaders(
  incoming: IncomingHttpHeaders,
  bodyBytes: number | null,
): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  for (const name in incoming) {
    const known = REQUEST_HEADERS.has(name) || REQUEST_PREFIXES.some((prefix) => name.startsWith(prefix));
    const value = incoming[name];
    if (known && typeof value === 'string' && !NEVER_SENT.has(name)) headers[name] = value;
  }
  if (bodyBytes !== null) headers['content-length'] = String(bodyBytes);
  return headers;
}

/** Headers for the client: `anthropic-ratelimit-*` and everything else about our account stays here. */
export function answerHeaders(upstream: IncomingHttpHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of ANSWER_HEADERS) {
    const value = upstream[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}
