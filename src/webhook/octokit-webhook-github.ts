/** GitHub's REST API behind this stage's interfaces, on an Octokit that Probot authenticated as an installation. */
import type { ProbotOctokit } from 'probot';
import { z } from 'zod';
import { MAX_CONFIG_BYTES } from '../config/parse-yaml.ts';
import { GloveboxError, hasCode } from '../shared/errors.ts';
import { callGithub } from '../shared/github-error.ts';
import type { RepoRef } from '../task/task.ts';
import type { BranchHead, ConfigGitHub, IssueComment, IssueGitHub, PermissionAnswer } from './github.ts';

/** Octokit as Probot gives it. */
export type Octokit = InstanceType<typeof ProbotOctokit>;

/** Tolerant of more, strict about what decides: without an id there is no answer. */
const Permission = z.object({
  permission: z.enum(['admin', 'write', 'read', 'none']),
  role_name: z.string().default(''),
  user: z.object({ id: z.int() }),
});

const Comment = z.object({
  user: z.object({ id: z.int(), login: z.string(), type: z.string() }).nullable(),
  created_at: z.coerce.date(),
  updated_at: z.coerce.date(),
  body: z.string().nullish(),
});

const NOT_FOUND = 404;
const EMPTY_REPOSITORY = 409;

/** The adapter for one installation. */
export function octokitWebhookGitHub(octokit: Octokit): IssueGitHub & ConfigGitHub {
  return {
    permissionOf: (repo, login) => permissionOf(octokit, repo, login),
    botOf: (slug) => botOf(octokit, slug),
    reactWithEyes: async (repo, issueNumber) => {
      await call('react to an issue', () =>
        octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/reactions', {
          ...at(repo),
          issue_number: issueNumber,
          content: 'eyes',
        }),
      );
    },
    listComments: (repo, issueNumber, most) => listComments(octokit, { repo, issueNumber, most }),
    readDefaultBranch: (repo) => readDefaultBranch(octokit, repo),
    readFileAt: (repo, path, sha) => readFile(octokit, { ...at(repo), path, ref: sha }),
    readOrganisationFile: (repo, path) => readFile(octokit, { owner: repo.owner, repo: '.github', path }),
  };
}

const at = ({ owner, repo }: RepoRef) => ({ owner, repo });

async function permissionOf(
  octokit: Octokit,
  repo: RepoRef,
  login: string,
): Promise<PermissionAnswer | null> {
  const answer = await orNull(NOT_FOUND, () =>
    call('read a permission', () =>
      octokit.request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
        ...at(repo),
        username: login,
      }),
    ),
  );
  if (answer === null) return null;
  const { permission, role_name: roleName, user } = Permission.parse(answer.data);
  return { userId: user.id, permission, roleName: roleName || permission };
}

async function botOf(octokit: Octokit, slug: string): Promise<number | null> {
  const answer = await orNull(NOT_FOUND, () =>
    call('read a bot account', () => octokit.request('GET /users/{username}', { username: `${slug}[bot]` })),
  );
  return answer?.data.type === 'Bot' ? Number(answer.data.id) : null;
}

interface CommentsWanted {
  readonly repo: RepoRef;
  readonly issueNumber: number;
  readonly most: number;
}

/** The API lists an issue's comments oldest first only, so the last pages are read; their number follows from the total. */
async function listComments(octokit: Octokit, want: CommentsWanted): Promise<readonly IssueComment[]> {
  const params = { ...at(want.repo), issue_number: want.issueNumber };
  const issue = await call('read an issue', () =>
    octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}', params),
  );
  const last = Math.ceil(issue.data.comments / 100);
  const found: IssueComment[] = [];
  for (let page = last; page > 0 && page > last - 2 && found.length < want.most; page--) {
    const { data } = await call('list comments', () =>
      octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...params,
        per_page: 100,
        page,
      }),
    );
    found.unshift(...data.flatMap(toComment));
  }
  return found.slice(-want.most);
}

/** A deleted account's comment is nobody's word. */
function toComment(input: unknown): IssueComment[] {
  const { user, created_at: createdAt, updated_at: updatedAt, body } = Comment.parse(input);
  if (user === null) return [];
  return [
    { userId: user.id, login: user.login, userType: user.type, body: body ?? '', createdAt, updatedAt },
  ];
}

async function readDefaultBranch(octokit: Octokit, repo: RepoRef): Promise<BranchHead | null> {
  const about = await call('read a repository', () => octokit.request('GET /repos/{owner}/{repo}', at(repo)));
  const ref = about.data.default_branch;
  const head = await orNull(EMPTY_REPOSITORY, () =>
    orNull(NOT_FOUND, () =>
      call('read a branch', () =>
        octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...at(repo), ref: `heads/${ref}` }),
      ),
    ),
  );
  if (head === null) return null;
  const sha = head.data.object.sha;
  const commit = await call('read a commit', () =>
    octokit.request('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', { ...at(repo), commit_sha: sha }),
  );
  return { ref, sha, treeSha: commit.data.tree.sha };
}

interface FileWanted {
  readonly owner: string;
  readonly repo: string;
  readonly path: string;
  readonly ref?: string;
}

/** Null for 404 only. A folder, a submodule or a link where the file should be is not a configuration either. */
async function readFile(octokit: Octokit, want: FileWanted): Promise<string | null> {
  const answer = await orNull(NOT_FOUND, () =>
    call('read a file', () => octokit.request('GET /repos/{owner}/{repo}/contents/{path}', { ...want })),
  );
  if (answer === null) return null;
  const { data } = answer;
  if (Array.isArray(data) || data.type !== 'file' || !('content' in data)) {
    throw new GloveboxError({
      code: 'github-refused',
      message: `'${want.path}' of ${want.owner}/${want.repo} is no file: expected a configuration file.`,
      values: { status: 422 },
    });
  }
  // GitHub leaves the content of files over 1 MB out; as many bytes of comment are refused for their number.
  if (data.size > MAX_CONFIG_BYTES) return '#'.repeat(Math.min(data.size, 10 * MAX_CONFIG_BYTES));
  return Buffer.from(data.content, 'base64').toString('utf8');
}

async function orNull<T>(status: number, run: () => Promise<T>): Promise<T | null> {
  try {
    return await run();
  } catch (error) {
    if (hasCode(error, 'github-refused') && error.values['status'] === status) return null;
    throw error;
  }
}

/** GitHub answers a suspended installation's token with 403 and says so in its message; there is no other sign. */
async function call<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await callGithub(what, run);
  } catch (error) {
    if (!hasCode(error, 'github-refused') || error.values['status'] !== 403) throw error;
    if (!/suspended/i.test(String(error.values['message']))) throw error;
    throw new GloveboxError({ code: 'installation-suspended', message: error.message, cause: error });
  }
}
