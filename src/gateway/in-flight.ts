/** How many calls of one job are worked on at the same time: a sandbox that opens thousands holds up only itself. */
import { Refusal } from './refusal.ts';

/** Runs `work` while a place is free. Error: `Refusal` `unavailable` where the job has all its places taken. */
export type InFlight = <Result>(jobName: string, work: () => Promise<Result>) => Promise<Result>;

/** Builds the counter for one process. */
export function limitInFlight(maxPerJob: number): InFlight {
  const running = new Map<string, number>();
  return async (jobName, work) => {
    const before = running.get(jobName) ?? 0;
    if (before >= maxPerJob) throw new Refusal('unavailable', 'too many calls at once');
    running.set(jobName, before + 1);
    try {
      return await work();
    } finally {
      const after = (running.get(jobName) ?? 1) - 1;
      if (after > 0) running.set(jobName, after);
      else running.delete(jobName);
    }
  };
}
