/** The one error by which a phase says that it could not do its part; main turns it into the last heartbeat. */
import type { PhaseFailure } from '../result/contract/gateway-api.ts';

/** What a failed phase reports. `outputTail` is foreign text. */
export interface FailureDetails {
  readonly code: PhaseFailure['code'];
  readonly message: string;
  readonly outputTail?: string | null;
  readonly cause?: unknown;
}

/** Ends a phase with a `PhaseFailure`. */
export class PhaseFailedError extends Error {
  readonly failure: PhaseFailure;

  constructor(details: FailureDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PhaseFailedError';
    const tail = details.outputTail ?? null;
    this.failure = {
      code: details.code,
      message: details.message.slice(0, 2_000),
      outputTail: tail === null ? null : tail.slice(-20_000),
    };
  }
}
