/**
 * The one error class that crosses part boundaries. Callers branch on `code`, never on the message; what people read on
 * GitHub is built from the code elsewhere.
 */

/** Whom an error addresses: decides where it is shown. */
export type Audience = 'requester' | 'admin' | 'operator' | 'sandbox';

/** What an error carries besides its message. */
export interface ErrorDetails {
  /** Stable, kebab-case. */
  readonly code: string;
  /** Message by the house grammar: what failed, the value, where it came from, what was expected, what to do. */
  readonly message: string;
  /** True when the same call may succeed later without anybody acting. */
  readonly retry?: boolean;
  readonly audience?: Audience;
  /** Values for the sentence built from the code, e.g. `{ path: 'ci.yml' }`. Never secrets. */
  readonly values?: Readonly<Record<string, string | number>>;
  readonly cause?: unknown;
}

/** An expected failure with a stable code. Anything else that is thrown is a defect. */
export class GloveboxError extends Error {
  readonly code: string;
  readonly retry: boolean;
  readonly audience: Audience;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'GloveboxError';
    this.code = details.code;
    this.retry = details.retry ?? false;
    this.audience = details.audience ?? 'operator';
    this.values = details.values ?? {};
  }
}

/** True for a `GloveboxError` with this code. */
export function hasCode(error: unknown, code: string): error is GloveboxError {
  return error instanceof GloveboxError && error.code === code;
}
