/**
 * Lets others in while a large request is read: this process has one thread, and a sandbox may send 32 MB of text that
 * takes 10 s to look through. What is read within one slice never waits, which is every ordinary request.
 */
import { setTimeout } from 'node:timers/promises';
import type { Steps } from '../../shared/steps.ts';
import { LEDGER_UNAVAILABLE, RefusedCall } from './anthropic-error.ts';

const SLICE_MS = 10;

/** Whose work it is, and what ends it early. */
export interface SliceOwner {
  readonly jobName: string;
  readonly signal: AbortSignal;
}

/** The long readings of one process: one slice each in turn, and of each job one at a time. */
export class Slices {
  private readonly lastOfJob = new Map<string, Promise<unknown>>();
  private turn: Promise<unknown> = Promise.resolve();

  /** Runs the steps; the result comes without a pause where one slice is enough. Throws what they throw, and a refusal when the signal aborts. */
  run<Result>(owner: SliceOwner, steps: Steps<Result>): Result | Promise<Result> {
    const first = runSlice(steps);
    if (first.done === true) return first.value;
    const { jobName } = owner;
    const before = this.lastOfJob.get(jobName) ?? Promise.resolve();
    const whole = before.then(() => this.finish(owner, steps));
    const ended = whole
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.lastOfJob.get(jobName) === ended) this.lastOfJob.delete(jobName);
      });
    this.lastOfJob.set(jobName, ended);
    return whole;
  }

  private async finish<Result>({ signal }: SliceOwner, steps: Steps<Result>): Promise<Result> {
    await setTimeout(SLICE_MS);
    for (;;) {
      const slice = await this.inTurn(() => {
        if (signal.aborted) throw new RefusedCall(LEDGER_UNAVAILABLE);
        return runSlice(steps);
      });
      if (slice.done === true) return slice.value;
    }
  }

  /** After each slice the thread is free for as long as it took: a call of another job passes many turns of the event loop. */
  private inTurn<Result>(work: () => Result): Promise<Result> {
    let beganAt = 0;
    const worked = this.turn.then(() => {
      beganAt = performance.now();
      return work();
    });
    const rest = () => setTimeout(performance.now() - beganAt);
    this.turn = worked.then(rest, rest);
    return worked;
  }
}

function runSlice<Result>(steps: Steps<Result>): IteratorResult<undefined, Result> {
  const endsAt = performance.now() + SLICE_MS;
  for (;;) {
    const step = steps.next();
    if (step.done === true || performance.now() >= endsAt) return step;
  }
}
