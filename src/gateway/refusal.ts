/**
 * Refusals of the sandbox's calls: the answer carries a code and its fixed sentence, the audit carries the reason. Throw
 * one anywhere below the routes; `answerError` turns it into the answer.
 */
import type { TargetJob } from './identity.ts';

/** Codes of the sandbox API with their HTTP status and the sentence that the sandbox reads. */
const API_ERRORS = {
  unauthenticated: { status: 401, message: 'This token opens nothing here.' },
  'phase-closed': { status: 403, message: 'This phase, its job or its round is over: stop.' },
  'not-found': { status: 404, message: 'There is nothing at this path.' },
  'method-not-allowed': { status: 405, message: 'This path takes another method.' },
  conflict: { status: 409, message: 'Another write came first, or one that must come first is missing.' },
  'too-large': { status: 413, message: 'The body is larger than this path takes.' },
  invalid: { status: 422, message: 'The request is not of the form that this path takes.' },
  unavailable: { status: 503, message: 'Not possible now: try again.' },
} as const;
export type ApiErrorCode = keyof typeof API_ERRORS;

/** A call that is not answered as asked. `reason` is short, one of a fixed set, and goes to the audit alone. */
export class Refusal extends Error {
  readonly code: ApiErrorCode;
  readonly reason: string;
  /** Whose audit the refusal goes to where nobody knows the caller; null: nobody's. */
  readonly target: TargetJob | null;
  /** What stands behind the reason in the audit and may vary with what the caller sent; null: nothing. */
  readonly detail: string | null;

  constructor(code: ApiErrorCode, reason: string, about: RefusalAbout = {}) {
    super(`${code}: ${reason}`);
    this.name = 'Refusal';
    this.code = code;
    this.reason = reason;
    this.target = about.target ?? null;
    this.detail = about.detail ?? null;
  }
}

/** What a refusal may tell besides its reason. */
export interface RefusalAbout {
  readonly target?: TargetJob | null;
  readonly detail?: string;
}

/** The answer of a code: `{ error: { code, message } }`. */
export function apiError(code: ApiErrorCode): Response {
  const { status, message } = API_ERRORS[code];
  const headers = code === 'unavailable' ? { 'retry-after': '1' } : undefined;
  return Response.json({ error: { code, message } }, headers ? { status, headers } : { status });
}
