/**
 * Who may leave the queue: the oldest first, past those whose own repository or sandbox namespace is full. Pure;
 * `store/startable-tasks.ts` feeds it under the schedule lock, so that two replicas never fill the same place.
 */

/** Tasks that may run at once: in one repository, in one installation, in all. */
export interface ConcurrencyCaps {
  readonly repository: number;
  readonly installation: number;
  readonly all: number;
}

/** What a task counts against. `namespace` null: its sandboxes run on this machine. */
export interface Claims {
  readonly installationId: bigint;
  readonly repositoryId: bigint;
  readonly namespace: string | null;
}

/** A queued task. */
export interface Place extends Claims {
  readonly id: string;
}

/** What is taken: running tasks by what they count against, and places for sandboxes that are free by namespace. */
export interface Taken {
  readonly running: readonly (Omit<Claims, 'namespace'> & { readonly count: number })[];
  /** Places that are neither taken nor waited for. */
  readonly freePods: (namespace: string | null) => number;
}

/** Ids of those in `queue` (oldest first) that may start now. */
export function startable(queue: readonly Place[], taken: Taken, caps: ConcurrencyCaps): ReadonlySet<string> {
  const counts = countsOf(taken);
  const chosen = new Set<string>();
  for (const task of queue) {
    const keys = keysOf(task);
    const free = Math.min(
      caps.all - (counts.get(keys.all) ?? 0),
      caps.installation - (counts.get(keys.installation) ?? 0),
      caps.repository - (counts.get(keys.repository) ?? 0),
      taken.freePods(task.namespace) - (counts.get(keys.namespace) ?? 0),
    );
    if (free <= 0) continue;
    chosen.add(task.id);
    for (const key of Object.values(keys)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return chosen;
}

/** Running tasks; pods are counted apart, and only those chosen here are added to them. */
function countsOf(taken: Taken): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { count, ...claims } of taken.running) {
    const { all, installation, repository } = keysOf({ ...claims, namespace: null });
    for (const key of [all, installation, repository]) counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return counts;
}

function keysOf(claims: Claims) {
  return {
    all: 'all',
    installation: `installation ${claims.installationId}`,
    repository: `repository ${claims.installationId} ${claims.repositoryId}`,
    namespace: claims.namespace === null ? 'machine' : `namespace ${claims.namespace}`,
  };
}
