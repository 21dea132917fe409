/** Faults on demand: the host answers as GitHub does on a bad day, before or after it did what was asked. */

/** One fault; it takes effect `times` times (1 by default) on requests that match. */
export interface Fault {
  readonly method?: string;
  /** Tested against the path without query. */
  readonly path: RegExp;
  readonly times?: number;
  /** `before` does nothing; `after` does the work and loses the answer. */
  readonly when?: 'before' | 'after';
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** The faults that are armed. */
export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  /** The fault for this request, counted down; null when none matches. */
  take(request: { readonly method: string; readonly path: string }): Fault | null;
}

/** No fault armed. */
export function createFaults(): Faults {
  let armed: { fault: Fault; left: number }[] = [];
  return {
    add: (fault) => {
      armed.push({ fault, left: fault.times ?? 1 });
    },
    clear: () => {
      armed = [];
    },
    take: ({ method, path }) => {
      const hit = armed.find(
        ({ fault, left }) =>
          left > 0 && (fault.method === undefined || fault.method === method) && fault.path.test(path),
      );
      if (!hit) return null;
      hit.left -= 1;
      return hit.fault;
    },
  };
}

/** GitHub's secondary rate limit. */
export function secondaryRateLimit(path: RegExp, retryAfterS: number, status: 403 | 429 = 403): Fault {
  return {
    path,
    status,
    headers: { 'retry-after': String(retryAfterS) },
    body: {
      message:
        'You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID.',
      documentation_url:
        'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits',
    },
  };
}

/** GitHub's own failure; with `when: 'after'` the work was done all the same. */
export function serverError(path: RegExp, when: 'before' | 'after' = 'before', status = 502): Fault {
  return { path, when, status, body: { message: 'Server Error' } };
}
