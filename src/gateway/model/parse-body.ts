/** From a body's bytes to a request: in slices where it is large, and within what its job may have looked through. */
import { hasCode } from '../../shared/errors.ts';
import type { ByteBudget } from '../byte-budget.ts';
import { invalidRequest, RefusedCall } from './anthropic-error.ts';
import type { Flight } from './hold-place.ts';
import type { ModelRequest } from './model-request.ts';
import { type ReadDeps, type ReadOptions, readRequest } from './read-request.ts';
import type { Slices } from './slices.ts';

/** What parsing needs. */
export interface ParseDeps {
  readonly reading: ReadDeps;
  readonly slices: Slices;
  /** How much new text each job may have us look through. */
  readonly newBytes: ByteBudget;
}

/** A body, and what kind of call it is for. */
export type Body = { readonly bytes: Buffer } & Pick<ReadOptions, 'betas' | 'hasOutput'>;

/** Throws a refusal while the job has sent too much new text. Comes before a body is read. */
export function refuseTooMuchNew({ newBytes }: Pick<ParseDeps, 'newBytes'>, jobName: string): void {
  if (!newBytes.isOpen(jobName)) throw tooMuchNew();
}

/** The body, read. Throws a refusal. */
export async function parseBody(deps: ParseDeps, flight: Flight, body: Body): Promise<ModelRequest> {
  const { jobName, taskId } = flight.client.caller;
  const onNew = (bytes: number): void => deps.newBytes.charge(jobName, bytes);
  const steps = readRequest(deps.reading, body.bytes, { ...body, taskId, onNew });
  try {
    return await deps.slices.run({ jobName, signal: flight.exchange.signal }, steps);
  } catch (error) {
    if (hasCode(error, 'json-invalid')) throw invalidRequest(error.message);
    throw error;
  }
}

function tooMuchNew(): RefusedCall {
  return new RefusedCall({
    status: 429,
    type: 'rate_limit_error',
    message: 'This job sends more new text than the gateway looks through for it. Try again.',
    retry: 30,
  });
}
