/**
 * Who may leave the queue: the oldest first, past those whose own repository is full. Pure; `store/start-task.ts` asks it
 * under the schedule lock, so that two replicas never fill the same place.
 */

/** Tasks that may run at once: in one repository, in one installation, in all. */
export interface ConcurrencyCaps {
  readonly repository: number;
  readonly installation: number;
  readonly all: number;
}

/** A task with what it counts against. */
export interface Place {
  readonly id: string;
  readonly installationId: bigint;
  readonly repositoryId: bigint;
}

/** Ids of those in `queue` (oldest first) that may start now. */
export function startable(
  queue: readonly Place[],
  running: readonly Omit<Place, 'id'>[],
  caps: ConcurrencyCaps,
): ReadonlySet<string> {
  const places = [...running];
  const chosen = new Set<string>();
  for (const task of queue) {
    if (!hasRoom(task, places, caps)) continue;
    places.push(task);
    chosen.add(task.id);
  }
  return chosen;
}

function hasRoom(task: Place, running: readonly Omit<Place, 'id'>[], caps: ConcurrencyCaps): boolean {
  const inInstallation = running.filter((other) => other.installationId === task.installationId);
  const inRepository = inInstallation.filter((other) => other.repositoryId === task.repositoryId);
  return (
    running.length < caps.all &&
    inInstallation.length < caps.installation &&
    inRepository.length < caps.repository
  );
}
