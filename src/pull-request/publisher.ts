/** The controller's ports on this stage: publishing and the status comment, built for one process in `cmd/`. */
import type { Publisher, StatusSurface } from '../controller/ports.ts';
import type { Clock } from '../shared/clock.ts';
import type { RepoRef } from '../task/task.ts';
import type { PublishGitHub } from './github.ts';
import { publish } from './publish.ts';
import { type FactReaders, readFacts } from './read-facts.ts';
import { readStatusView, type ViewReaders } from './read-status-view.ts';
import { syncStatus } from './sync-status.ts';

export interface PublisherDeps extends FactReaders, ViewReaders {
  readonly clock: Clock;
  readonly githubFor: (repo: RepoRef) => Promise<PublishGitHub>;
  readonly markerKey: Uint8Array;
}

/** Builds the port. Errors of `publish`: `record-incomplete`, GitHub's, `lease-lost`, `recovery-too-early`. */
export function createPublisher(deps: PublisherDeps): Publisher {
  return {
    async publish(task, lease) {
      const facts = await readFacts(deps, task, deps.clock.now());
      const github = await deps.githubFor(task.repo);
      return publish({ ...deps, github }, lease, facts);
    },
  };
}

/** Builds the port. Errors of `sync`: GitHub's, `lease-lost`, `recovery-too-early`. */
export function createStatusSurface(deps: PublisherDeps): StatusSurface {
  return {
    async sync(task, lease) {
      const view = await readStatusView(deps, task, deps.clock.now());
      const github = await deps.githubFor(task.repo);
      return syncStatus({ ...deps, github }, lease, view);
    },
  };
}
