/** Work that takes long, cut into steps: who runs it decides whether others are let in between two of them. */

/** Each `next` does one step, a few milliseconds of work at most; the last one has the result. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Runs all steps without a pause. */
export function runAtOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
