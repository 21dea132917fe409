/** What went wrong with a call to the API server, as one of two errors: it said no, or it did not answer. */
import { ApiException } from '@kubernetes/client-node';
import { z } from 'zod';
import { GloveboxError } from '../shared/errors.ts';

/** The body of a refusal, which the client hands over as text. */
const Status = z.object({ reason: z.string().default(''), message: z.string().default('') });

const MAX_MESSAGE = 1_000;
/** Timeouts, conflicts of the server with itself and too many requests: the same call may succeed later. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429]);

/** The status of an answer; null where there was none. */
export function statusOf(error: unknown): number | null {
  return error instanceof ApiException ? error.code : null;
}

/** `kubernetes-refused` or `kubernetes-unavailable`; `what` says what was tried, e.g. `create Job 'x'`. */
export function kubeError(what: string, error: unknown): GloveboxError {
  const status = statusOf(error);
  if (status === null || status >= 500 || PASSING.has(status)) {
    return new GloveboxError({
      code: 'kubernetes-unavailable',
      message: `Cannot ${what}: ${status === null ? reasonOf(error) : `the API server answered ${status}`}. It is tried again.`,
      retry: true,
      cause: error,
    });
  }
  const { reason, message } = bodyOf(error);
  return new GloveboxError({
    code: 'kubernetes-refused',
    message: `Cannot ${what}: the API server answered ${status} ${reason}: ${message.slice(0, MAX_MESSAGE)}`,
    values: { status, reason, message: message.slice(0, MAX_MESSAGE) },
    cause: error,
  });
}

function bodyOf(error: unknown): z.infer<typeof Status> {
  const body: unknown = error instanceof ApiException ? error.body : null;
  const read = Status.safeParse(typeof body === 'string' ? parseJson(body) : body);
  return read.success ? read.data : { reason: '', message: error instanceof Error ? error.message : '' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** undici says only `fetch failed`; why stands in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
