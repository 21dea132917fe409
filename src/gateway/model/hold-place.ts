/**
 * A call's place among its job's calls, paid or free, from before its body is read until its answer has ended; and what
 * ends it early: its job's closing, this process's, or the client.
 */
import { hasCode } from '../../shared/errors.ts';
import type { JobClosings } from '../identity.ts';
import { LEDGER_UNAVAILABLE, RefusedCall, unauthenticated } from './anthropic-error.ts';
import type { CallsInFlight } from './calls-in-flight.ts';
import { type ClientCall, endWith } from './client-call.ts';

/** A call that has its place. */
export interface Flight {
  readonly client: ClientCall;
  /** Aborts when the call must end. */
  readonly exchange: AbortController;
  /** The call no longer counts against its job; asked again, nothing happens. */
  over(): void;
}

/** Runs `work`, which says when its call is over unless it throws. Throws `RefusedCall`: of `work`, or no place is free. */
export async function holdPlace(
  deps: { readonly closings: JobClosings; readonly calls: CallsInFlight },
  client: ClientCall,
  work: (flight: Flight) => Promise<void>,
): Promise<void> {
  const { jobName } = client.caller;
  const closing = deps.closings.signalFor(jobName);
  if (!deps.calls.enter(jobName)) throw tooManyCalls();
  const exchange = new AbortController();
  const leave = endWith(exchange, client.outgoing, [closing, deps.calls.closing]);
  const over = once(() => {
    leave();
    deps.calls.leave(jobName);
  });
  try {
    await work({ client, exchange, over });
  } catch (error) {
    over();
    throw closing.aborted ? cutCall(closing.reason) : error;
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

/** A closed job is told so for good; a record that was silent is asked again. */
function cutCall(reason: unknown): RefusedCall {
  return hasCode(reason, 'record-silent')
    ? new RefusedCall(LEDGER_UNAVAILABLE)
    : unauthenticated('phase-closed');
}

function tooManyCalls(): RefusedCall {
  return new RefusedCall({
    status: 429,
    type: 'rate_limit_error',
    message: 'This job has as many model calls in flight as it may. Try again when one has ended.',
    retry: 5,
  });
}
