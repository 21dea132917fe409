/** Whether what is seen of a job is what its record says already. */
import { canonicalJson } from '../shared/digest.ts';
import type { SeenJob } from '../task/record.ts';
import type { JobObservation } from './sandbox.ts';

/** A job that is not seen, or never was, is always another. */
export function sameObservation(before: SeenJob | null, now: JobObservation | null | undefined): boolean {
  return before !== null && now != null && canonicalJson(before) === canonicalJson(now);
}
