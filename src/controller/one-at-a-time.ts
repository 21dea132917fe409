/**
 * Runs one thing after another within this process, first come first served: what waits holds no connection, and finds the
 * database's own lock free unless another process has it.
 */

/** Resolves or rejects as `work` does, once those before it are over. */
export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>;

/** Builds a line of its own. */
export function oneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}
