/**
 * Our own refusals in Anthropic's envelope. Clients hide the text of 400 and 413 and retry a plain 401 for over a minute,
 * so refusals use other statuses and say `x-should-retry` where the status would mislead.
 */

import type { ServerResponse } from 'node:http';
import type { TargetJob } from '../identity.ts';

/** Error types that Anthropic's clients know. */
export type ErrorType =
  | 'authentication_error'
  | 'permission_error'
  | 'billing_error'
  | 'rate_limit_error'
  | 'invalid_request_error'
  | 'not_found_error'
  | 'api_error';

/** A refusal before it is a response. */
export interface Refusal {
  readonly status: 401 | 402 | 403 | 404 | 422 | 429 | 502 | 503;
  readonly type: ErrorType;
  readonly message: string;
  /** False sends `x-should-retry: false`; a number sends `retry-after` in seconds. */
  readonly retry: false | number;
}

/** Why a token opens nothing: for the audit, never for the answer. */
export interface TokenRefusal {
  readonly reason: string;
  /** The job that the token names, where nobody knows the caller. */
  readonly target: TargetJob | null;
}

/** Carries a refusal out of the steps of a call. */
export class RefusedCall extends Error {
  readonly refusal: Refusal;
  readonly token: TokenRefusal | null;

  constructor(refusal: Refusal, token: TokenRefusal | null = null) {
    super(refusal.message);
    this.name = 'RefusedCall';
    this.refusal = refusal;
    this.token = token;
  }
}

/** Writes the response; `requestId` is ours and also in the ledger. */
export function writeRefusal(outgoing: ServerResponse, refusal: Refusal, requestId: string): void {
  const headers: Record<string, string> = { 'request-id': requestId, 'content-type': 'application/json' };
  if (refusal.retry === false) headers['x-should-retry'] = 'false';
  else headers['retry-after'] = String(refusal.retry);
  const body = {
    type: 'error',
    error: { type: refusal.type, message: refusal.message },
    request_id: requestId,
  };
  outgoing.writeHead(refusal.status, headers).end(JSON.stringify(body));
}

/** Revoked, closed, unknown: one answer for all, the audit has the reason. */
const UNAUTHENTICATED: Refusal = {
  status: 401,
  type: 'authentication_error',
  message: 'The token is not valid here, or its phase is over. Stop.',
  retry: false,
};

/** A token that opens nothing. */
export function unauthenticated(reason: string, target: TargetJob | null = null): RefusedCall {
  return new RefusedCall(UNAUTHENTICATED, { reason, target });
}

/** The store cannot be reached: nothing is sent that could not be accounted for. */
export const LEDGER_UNAVAILABLE: Refusal = {
  status: 503,
  type: 'api_error',
  message: 'The ledger cannot be reached; no model call is made without it. Try again.',
  retry: 5,
};

/** A request that we cannot account for. */
export function invalidRequest(message: string): RefusedCall {
  return new RefusedCall({ status: 422, type: 'invalid_request_error', message, retry: false });
}

/** A request that the operator's rules do not allow. */
export function notAllowed(message: string): RefusedCall {
  return new RefusedCall({ status: 403, type: 'permission_error', message, retry: false });
}
