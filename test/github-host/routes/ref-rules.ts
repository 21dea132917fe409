/** What forbids a reference to point somewhere: rulesets, and workflow files from a token without `workflows`. */
import { findCommit, listTree } from '../git-objects.ts';
import type { HostState } from '../host-state.ts';
import type { Actor } from '../identity.ts';
import { findRef } from '../refs.ts';
import type { RepoRow } from '../store.ts';

/** A refusal, as status and message. */
export interface Refusal {
  readonly status: 403 | 422;
  readonly message: string;
}

const WORKFLOWS = '.github/workflows/';

/** Null when the reference may point to this commit. */
export function refRefusal(
  state: HostState,
  actor: Actor,
  want: { readonly repo: RepoRow; readonly name: string; readonly sha: string },
): Refusal | null {
  if (state.rules.forbiddenRefs.some((pattern) => pattern.test(want.name))) {
    return {
      status: 422,
      message: `Repository rule violations found\n\nCannot create ref '${want.name}' due to creations being restricted.`,
    };
  }
  const path = foreignWorkflow(state, actor, want);
  if (path === null) return null;
  return {
    status: 422,
    message: `refusing to allow a GitHub App to create or update workflow \`${path}\` without \`workflows\` permission`,
  };
}

/** True for a path that only a token with `workflows` may write. */
export function isWorkflowPath(path: string): boolean {
  return path.startsWith(WORKFLOWS);
}

/** True when the actor's token may write workflow files. */
export function mayWriteWorkflows(actor: Actor): boolean {
  return actor.kind !== 'installation' || actor.owner.permissions['workflows'] === 'write';
}

function foreignWorkflow(
  state: HostState,
  actor: Actor,
  want: { readonly repo: RepoRow; readonly sha: string },
): string | null {
  if (mayWriteWorkflows(actor)) return null;
  const { store } = state;
  const filesOf = (sha: string | undefined): Map<string, { mode: string; sha: string }> => {
    const commit = sha === undefined ? undefined : findCommit(store, want.repo, sha);
    return commit ? listTree(store, want.repo, commit.tree_sha) : new Map();
  };
  const parents = findCommit(store, want.repo, want.sha)?.parent_shas ?? [];
  const known = [findRef(store, want.repo, `refs/heads/${want.repo.default_branch}`)?.sha, ...parents].map(
    filesOf,
  );
  for (const [path, file] of filesOf(want.sha)) {
    if (!isWorkflowPath(path)) continue;
    if (!known.some((files) => files.get(path)?.sha === file.sha)) return path;
  }
  return null;
}
