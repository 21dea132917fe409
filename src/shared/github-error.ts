/** GitHub's refusals as our errors, by status and never by message text; shared by the adapters that call GitHub. */
import { z } from 'zod';
import { GloveboxError } from './errors.ts';

const RequestFailure = z.object({
  status: z.int(),
  message: z.string(),
  response: z
    .object({
      headers: z.record(z.string(), z.union([z.string(), z.number(), z.undefined()])),
      data: z.unknown().optional(),
    })
    .optional(),
});

/** The HTTP status of a failed call, or null when the error is no answer of GitHub's. */
export function githubStatus(error: unknown): number | null {
  const parsed = RequestFailure.safeParse(error);
  return parsed.success ? parsed.data.status : null;
}

/**
 * Runs one call. Errors: `github-unavailable` (retry: network, 5xx, 408, 429, a rate limit; `retryAfterS` in values where
 * GitHub named it), `github-refused` (every other status, in `values.status`).
 */
export async function callGithub<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw mapped(what, cause);
  }
}

/** True for an answer that asks to come again later: a primary or secondary rate limit (a 403 may be one). */
export function isRateLimit(error: unknown): boolean {
  const parsed = RequestFailure.safeParse(error);
  if (!parsed.success) return false;
  const { status, response } = parsed.data;
  if (status === 429) return true;
  const headers = response?.headers ?? {};
  return status === 403 && (headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0');
}

function mapped(what: string, cause: unknown): unknown {
  if (cause instanceof GloveboxError) return cause;
  const parsed = RequestFailure.safeParse(cause);
  if (!parsed.success) {
    return new GloveboxError({
      code: 'github-unavailable',
      message: `GitHub did not answer '${what}'.`,
      retry: true,
      cause,
    });
  }
  const { status, message, response } = parsed.data;
  const retryAfter = response?.headers['retry-after'];
  const retry = isRateLimit(cause) || status >= 500 || status === 408;
  return new GloveboxError({
    code: retry ? 'github-unavailable' : 'github-refused',
    message: `GitHub answered ${status} to '${what}': ${message.slice(0, 300)}`,
    retry,
    values: {
      status,
      message: message.slice(0, 300),
      ...(retryAfter === undefined ? {} : { retryAfterS: Number(retryAfter) }),
    },
    cause,
  });
}
