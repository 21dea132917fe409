/** Work that several ask for and one does. */

/** The first call runs `work`, every later one gets the same promise, failures included. */
export function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
