/** The controller's ports on the other stages, made from real clients: judging, publishing, the status comment, tokens. */
import type { AdminConfig } from '../config/admin-config.ts';
import { capsOf } from '../config/caps.ts';
import { concurrencyCaps } from '../config/concurrency-caps.ts';
import { podPlaces } from '../config/pod-places.ts';
import type { Judge, Publisher, RepoTokens, StatusSurface } from '../controller/ports.ts';
import { transcriptDigest } from '../gateway/transcript/read-transcript.ts';
import { octokitRepoTokens } from '../job/octokit-repo-tokens.ts';
import { readTaskCost } from '../ledger/read-task-cost.ts';
import { octokitBaseTree } from '../pull-request/octokit-base-tree.ts';
import { octokitGithub } from '../pull-request/octokit-github.ts';
import { createPublisher, createStatusSurface } from '../pull-request/publisher.ts';
import type { StatusView } from '../pull-request/status-view.ts';
import { judgeTask } from '../result/judge-task.ts';
import { redact } from '../result/scan-text.ts';
import type { Clock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import type { Db } from '../task/open-database.ts';
import { placeStanding } from '../task/store/place-standing.ts';
import { queuePosition } from '../task/store/queue-position.ts';
import type { RepoRef, Task } from '../task/task.ts';
import type { GithubClients } from './github-clients.ts';

export interface StagePortDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly admin: AdminConfig;
  readonly github: GithubClients;
  readonly appId: number;
  readonly markerKey: Uint8Array;
}

export interface StagePorts {
  readonly judge: Judge;
  readonly publisher: Publisher;
  readonly status: StatusSurface;
  readonly tokens: RepoTokens;
}

/** Builds them. */
export function stagePorts(deps: StagePortDeps): StagePorts {
  const { db, clock, github, appId } = deps;
  const target = (repo: RepoRef) => ({ owner: repo.owner, repo: repo.repo, appId });
  const surfaces = {
    db,
    clock,
    markerKey: deps.markerKey,
    label: deps.admin.label,
    redact: (text: string) => redact(text),
    githubFor: async (repo: RepoRef) => octokitGithub(github.installation(repo.installationId), target(repo)),
    readCost: (task: Task) => readCost(deps, task),
    readQueue: (task: Task) => readQueue(deps, task),
    readPlace: (task: Task) => readPlace(deps, task),
    transcriptDigest: (task: Task) => transcriptDigest(db, { taskId: task.id, attempt: task.attempt }),
  };
  return {
    publisher: createPublisher(surfaces),
    status: createStatusSurface(surfaces),
    tokens: octokitRepoTokens(github),
    judge: {
      judge: (task) =>
        judgeTask(
          {
            db,
            baseTreeOf: async ({ repo, pin, id }) => {
              if (!pin)
                throw new GloveboxError({
                  code: 'pin-missing',
                  message: `Task '${id}' has no pinned base commit.`,
                });
              return octokitBaseTree(github.installation(repo.installationId), target(repo), pin.baseTreeSha);
            },
          },
          task,
        ),
    },
  };
}

async function readCost({ db, clock, admin }: StagePortDeps, task: Task) {
  const cost = await readTaskCost(db, {
    taskId: task.id,
    repositoryId: task.repo.repositoryId,
    nowMs: clock.now(),
  });
  return { ...cost, repositoryToday: { ...cost.repositoryToday, capNanoUsd: capsOf(admin).repository.day } };
}

async function readPlace({ db, admin }: StagePortDeps, task: Task): Promise<StatusView['place']> {
  const standing = await placeStanding(db, task.id);
  return standing && { ...standing, limit: podPlaces(admin)(standing.namespace) };
}

async function readQueue({ db, admin }: StagePortDeps, task: Task): Promise<StatusView['queue']> {
  const found = await queuePosition(db, task.id);
  if (!found) return null;
  const caps = concurrencyCaps(admin);
  const { position, length, running } = found;
  return {
    position,
    length,
    repository: { running: running.repository, limit: caps.repository },
    installation: { running: running.installation, limit: caps.installation },
    all: { running: running.all, limit: caps.all },
  };
}
