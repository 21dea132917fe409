/** A fetch phase needs one pack, and a few more where the line breaks; whoever wants more is not cloning. */
import { Refusal } from '../refusal.ts';

const MAX_PACKS = 10;
const MAX_JOBS = 10_000;

/** Counts packs by job in this process. `take` throws `Refusal` `conflict` for a job that has had its share. */
export function createPackCounter(): { take(jobName: string): void } {
  const taken = new Map<string, number>();
  return {
    take(jobName) {
      const count = taken.get(jobName) ?? 0;
      if (count >= MAX_PACKS) throw new Refusal('conflict', 'git: too many packs');
      if (taken.size >= MAX_JOBS) taken.clear();
      taken.set(jobName, count + 1);
    },
  };
}
