/** The errors by which a phase says that it could not do its part; `run-phase` turns them into last word and exit code. */
import type { FailureFacts, PhaseFailure } from '../result/contract/gateway-api.ts';

/** What a failed phase reports. `outputTail` is foreign text. */
export interface FailureDetails {
  readonly code: PhaseFailure['code'];
  readonly message: string;
  readonly outputTail?: string | null;
  readonly facts?: FailureFacts;
  /** With code `limit`: which. */
  readonly limit?: 'disk' | 'processes';
  readonly cause?: unknown;
}

/** Ends a phase with a `PhaseFailure`. */
export class PhaseFailedError extends Error {
  readonly failure: PhaseFailure;
  readonly limit: 'disk' | 'processes' | null;

  constructor(details: FailureDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PhaseFailedError';
    this.limit = details.limit ?? null;
    const tail = details.outputTail ?? null;
    this.failure = {
      code: details.code,
      message: details.message.slice(0, 2_000),
      outputTail: tail === null ? null : tail.slice(-20_000),
      ...(details.facts === undefined ? {} : { facts: details.facts }),
    };
  }
}

/** SIGTERM or the gateway's word cut a phase short: what there was is handed over, and nothing failed. */
export class PhaseStoppedError extends Error {
  constructor() {
    super('stopped before its end');
    this.name = 'PhaseStoppedError';
  }
}
