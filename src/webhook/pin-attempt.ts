/**
 * Pins an attempt (the controller's `Pinner` port): base commit and tree, and the configuration merged from exactly that
 * commit. What cannot be read is an error to retry, never "absent"; what is wrong is a refusal with everything in it.
 */
import type { AdminConfig } from '../config/admin-config.ts';
import type { AttemptConfig } from '../config/attempt-config.ts';
import { type Merged, mergeConfig } from '../config/merge.ts';
import type { ModelPrice } from '../config/model-price.ts';
import { problemSentence } from '../config/problem.ts';
import { type ConfigFile, isError, readRepoConfig } from '../config/read-file.ts';
import { REPO_CONFIG_PATH, type RepoConfig } from '../config/repo-config.ts';
import { smallestConfig } from '../config/smallest-config.ts';
import type { SpentCap } from '../ledger/spent-cap.ts';
import { GloveboxError } from '../shared/errors.ts';
import { formatCents } from '../shared/money.ts';
import type { Pin, Reason, RepoRef, Task } from '../task/task.ts';
import type { BranchHead, ConfigGitHub } from './github.ts';

const MAX_DETAIL = 19_000;

export interface PinDeps {
  /** The admin's file as read at the start; one with errors never gets here. */
  readonly admin: ConfigFile<AdminConfig>;
  readonly prices: ReadonlyMap<string, ModelPrice>;
  readonly githubFor: (installationId: number) => Promise<ConfigGitHub>;
  /** The cap of a day or month that has no room for the task's first call; null where all have. */
  readonly spentCap: (task: Pick<Task, 'id' | 'repo'>, config: AttemptConfig) => Promise<SpentCap | null>;
}

/** The pin, or the refusal to answer with. */
export type Pinned = { readonly pin: Pin } | { readonly refused: Reason; readonly outcome: 'refused' };

/** Pins one attempt of the task. Errors: GitHub's, `config-invalid` when the admin's own file is not valid. */
export async function pinAttempt(deps: PinDeps, task: Pick<Task, 'id' | 'repo'>): Promise<Pinned> {
  const admin = validAdmin(deps.admin);
  const github = await deps.githubFor(task.repo.installationId);
  const base = await github.readDefaultBranch(task.repo);
  if (base === null) return refuse({ code: 'repository-unsupported', values: {}, detail: null });
  const found = await findFile(github, task.repo, { base, admin });
  if (found === null) {
    return refuse({
      code: 'config-missing',
      values: { path: REPO_CONFIG_PATH },
      detail: smallestConfig(admin),
    });
  }
  const repository = `${task.repo.owner}/${task.repo.repo}`;
  const answer = pinned({ deps, base, merged: mergeConfig({ admin: deps.admin, repository, ...found }) });
  if ('refused' in answer) return answer;
  const spent = await deps.spentCap(task, answer.pin.config);
  return spent === null ? answer : refuse(capSpent(spent, task.repo));
}

interface Found {
  readonly file: ConfigFile<RepoConfig>;
  readonly from: 'repository' | 'organisation';
}

async function findFile(
  github: ConfigGitHub,
  repo: RepoRef,
  at: { readonly base: BranchHead; readonly admin: AdminConfig },
): Promise<Found | null> {
  const own = await github.readFileAt(repo, REPO_CONFIG_PATH, at.base.sha);
  if (own !== null) return { file: readRepoConfig(own, REPO_CONFIG_PATH, at.admin), from: 'repository' };
  const shared = await github.readOrganisationFile(repo, REPO_CONFIG_PATH);
  if (shared === null) return null;
  const name = `${repo.owner}/.github: ${REPO_CONFIG_PATH}`;
  return { file: readRepoConfig(shared, name, at.admin), from: 'organisation' };
}

interface Outcome {
  readonly deps: PinDeps;
  readonly base: BranchHead;
  readonly merged: Merged;
}

function pinned({ deps, base, merged }: Outcome): Pinned {
  const { config } = merged;
  if (config === null) return refuse(invalid(merged));
  if (!deps.prices.has(config.model.id)) {
    return refuse({ code: 'price-unknown', values: { model: config.model.id }, detail: null });
  }
  return { pin: { baseRef: base.ref, baseSha: base.sha, baseTreeSha: base.treeSha, config } };
}

/** `team web has spent $49.80 of $50.00 today; free at 00:00 UTC`. */
function capSpent({ scopeId, spentNanoUsd, capNanoUsd, freeAt }: SpentCap, repo: RepoRef): Reason {
  const [kind = '', name = '', period] = scopeId.split(':');
  const free = new Date(freeAt).toISOString();
  const values = {
    scope:
      kind === 'team' ? `team ${name}` : kind === 'repository' ? `${repo.owner}/${repo.repo}` : repo.owner,
    spent: formatCents(spentNanoUsd),
    cap: formatCents(capNanoUsd),
    period: period === 'month' ? 'this month' : 'today',
    freeAt: period === 'month' ? `${free.slice(0, 10)} 00:00 UTC` : '00:00 UTC',
  };
  return { code: 'cap-spent', values, detail: null };
}

function invalid({ problems }: Merged): Reason {
  const errors = problems.filter(isError);
  const first = errors[0];
  const message = first === undefined ? 'the file is not valid.' : problemSentence(first);
  const lines = errors.map((one) => `${one.file}:${one.line}  ${problemSentence(one)}`);
  return {
    code: 'config-invalid',
    values: { message, count: errors.length, line: first?.line ?? 1 },
    detail: lines.join('\n').slice(0, MAX_DETAIL),
  };
}

function validAdmin(file: ConfigFile<AdminConfig>): AdminConfig {
  if (file.config !== null) return file.config;
  throw new GloveboxError({
    code: 'config-invalid',
    message: file.problems.map(problemSentence).join('\n'),
    audience: 'admin',
  });
}

function refuse(refused: Reason): Pinned {
  return { refused, outcome: 'refused' };
}
