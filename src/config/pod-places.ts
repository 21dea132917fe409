/** How many sandboxes may run at once where: the admin's word by namespace, live, on every replica alike. */
import type { AdminConfig } from './admin-config.ts';

/** Under the quota of the manifests, which counts what ends as well. */
const DEFAULT_PODS = 20;
/** On one machine each task has two sandboxes at most, and those that end. */
const PER_TASK_HERE = 8;

/** Places by namespace; null: this machine. */
export function podPlaces(admin: AdminConfig): (namespace: string | null) => number {
  return (namespace) =>
    namespace === null
      ? admin.concurrency.installation * PER_TASK_HERE
      : (admin.sandboxes[namespace]?.pods ?? DEFAULT_PODS);
}
