/** The Git Data half of the `PublishGitHub` adapter: what makes a signed commit on a branch of its own. */
import { z } from 'zod';
import { GloveboxError } from '../shared/errors.ts';
import { callGithub, githubStatus, isRateLimit } from '../shared/github-error.ts';
import type { CommitState, PublishGitHub, TreeEntry } from './github.ts';
import { at, type InstallationOctokit, type Target } from './octokit-target.ts';

const CommitAnswer = z.object({
  sha: z.string(),
  tree: z.object({ sha: z.string() }),
  verification: z.object({ verified: z.boolean(), reason: z.string() }).optional(),
});

function commitState(data: unknown): CommitState {
  const commit = CommitAnswer.parse(data);
  return {
    sha: commit.sha,
    treeSha: commit.tree.sha,
    verified: commit.verification?.verified ?? false,
    verificationReason: commit.verification?.reason ?? 'not given',
  };
}

/** Blobs, trees, commits and branches. */
export type GitData = Pick<
  PublishGitHub,
  'createBlob' | 'createTree' | 'createCommit' | 'readCommit' | 'readBranch' | 'createBranch'
>;

/** The Git Data part of the adapter. */
export function gitData(octokit: InstallationOctokit, target: Target): GitData {
  return {
    async createBlob(bytes) {
      const content = Buffer.from(bytes).toString('base64');
      const answer = await callGithub('create a blob', () =>
        octokit.request('POST /repos/{owner}/{repo}/git/blobs', {
          ...at(target),
          content,
          encoding: 'base64',
        }),
      );
      return answer.data.sha;
    },
    async createTree(baseTreeSha, entries) {
      const answer = await callGithub('create a tree', () =>
        octokit.request('POST /repos/{owner}/{repo}/git/trees', {
          ...at(target),
          base_tree: baseTreeSha,
          tree: entries.map(treeItem),
        }),
      );
      return answer.data.sha;
    },
    async createCommit({ message, treeSha, parentSha }) {
      const answer = await callGithub('create a commit', () =>
        octokit.request('POST /repos/{owner}/{repo}/git/commits', {
          ...at(target),
          message,
          tree: treeSha,
          parents: [parentSha],
        }),
      );
      return commitState(answer.data);
    },
    async readCommit(sha) {
      const answer = await callGithub('read a commit', () =>
        octokit.request('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', {
          ...at(target),
          commit_sha: sha,
        }),
      );
      return commitState(answer.data);
    },
    readBranch: (branch) => readBranch(octokit, target, branch),
    createBranch: (branch, sha) => createBranch(octokit, target, { branch, sha }),
  };
}

function treeItem(entry: TreeEntry): {
  path: string;
  mode: '100644' | '100755' | '120000';
  type: 'blob';
  sha?: string | null;
  content?: string;
} {
  if ('delete' in entry) return { path: entry.path, mode: '100644', type: 'blob', sha: null };
  if ('sha' in entry) return { path: entry.path, mode: entry.mode, type: 'blob', sha: entry.sha };
  return { path: entry.path, mode: entry.mode, type: 'blob', content: entry.content };
}

async function readBranch(
  octokit: InstallationOctokit,
  target: Target,
  branch: string,
): Promise<string | null> {
  try {
    const answer = await octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
      ...at(target),
      ref: `heads/${branch}`,
    });
    return answer.data.object.sha;
  } catch (error) {
    if (githubStatus(error) === 404) return null;
    return callGithub('read a branch', () => Promise.reject(error));
  }
}

async function createBranch(
  octokit: InstallationOctokit,
  target: Target,
  want: { branch: string; sha: string },
): Promise<boolean> {
  try {
    await octokit.request('POST /repos/{owner}/{repo}/git/refs', {
      ...at(target),
      ref: `refs/heads/${want.branch}`,
      sha: want.sha,
    });
    return true;
  } catch (error) {
    const status = githubStatus(error);
    if (status === 422 && (await readBranch(octokit, target, want.branch)) !== null) return false;
    if ((status !== 422 && status !== 403) || isRateLimit(error))
      return callGithub('create a branch', () => Promise.reject(error));
    throw new GloveboxError({
      code: 'push-refused',
      message: `GitHub refused branch '${want.branch}' with ${status}: a rule of the repository forbids it. Allow 'glovebox/*'.`,
      values: {
        branch: want.branch,
        message: error instanceof Error ? error.message.slice(0, 200) : 'no message',
      },
      cause: error,
    });
  }
}
