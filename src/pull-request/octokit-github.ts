/** The adapter of `PublishGitHub` on Octokit, for one repository of one installation. */
import { callGithub, githubStatus } from '../shared/github-error.ts';
import type { OwnComment, PublishGitHub } from './github.ts';
import { gitData } from './octokit-git-data.ts';
import { at, type InstallationOctokit, type Target } from './octokit-target.ts';

/** Builds the adapter. */
export function octokitGithub(octokit: InstallationOctokit, target: Target): PublishGitHub {
  return {
    ...gitData(octokit, target),
    ...checks(octokit, target),
    ...pulls(octokit, target),
    ...comments(octokit, target),
  };
}

function checks(
  octokit: InstallationOctokit,
  target: Target,
): Pick<PublishGitHub, 'findCheckRun' | 'createCheckRun'> {
  return {
    async findCheckRun(headSha, externalId) {
      const runs = await callGithub('list check runs', () =>
        octokit.paginate('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
          ...at(target),
          ref: headSha,
          check_name: 'Glovebox',
          filter: 'all',
          app_id: target.appId,
          per_page: 100,
        }),
      );
      const own = runs.filter((run) => run.external_id === externalId && run.app?.id === target.appId);
      return own.map((run) => run.id).sort((a, b) => a - b)[0] ?? null;
    },
    async createCheckRun(run) {
      const answer = await callGithub('create a check run', () =>
        octokit.request('POST /repos/{owner}/{repo}/check-runs', {
          ...at(target),
          name: 'Glovebox',
          head_sha: run.headSha,
          external_id: run.externalId,
          status: 'completed',
          conclusion: run.conclusion,
          output: {
            title: run.title,
            summary: run.summary,
            text: run.text,
            annotations: [...run.annotations],
          },
        }),
      );
      return Number(answer.data.id);
    },
  };
}

type Pulls = Pick<PublishGitHub, 'findOpenPull' | 'createPull' | 'readLabels' | 'setLabels' | 'ensureLabel'>;

function pulls(octokit: InstallationOctokit, target: Target): Pulls {
  return {
    async findOpenPull(branch) {
      const answer = await callGithub('list pull requests', () =>
        octokit.request('GET /repos/{owner}/{repo}/pulls', {
          ...at(target),
          head: `${target.owner}:${branch}`,
          state: 'open',
        }),
      );
      return answer.data.map((pull) => pull.number).sort((a, b) => a - b)[0] ?? null;
    },
    createPull: (pull) => createPull(octokit, target, pull),
    async readLabels(number) {
      const answer = await callGithub('read labels', () =>
        octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}', {
          ...at(target),
          issue_number: number,
        }),
      );
      const labels = answer.data.labels.map((label) =>
        typeof label === 'string' ? label : (label.name ?? ''),
      );
      return { labels, assignees: (answer.data.assignees ?? []).map((user) => user.login) };
    },
    async setLabels(number, labels, assignees) {
      await callGithub('set labels', () =>
        octokit.request('PATCH /repos/{owner}/{repo}/issues/{issue_number}', {
          ...at(target),
          issue_number: number,
          labels: [...labels],
          assignees: [...assignees],
        }),
      );
    },
    async ensureLabel(name, color, description) {
      try {
        await octokit.request('GET /repos/{owner}/{repo}/labels/{name}', { ...at(target), name });
      } catch (error) {
        if (githubStatus(error) !== 404) return callGithub('read a label', () => Promise.reject(error));
        await callGithub('create a label', () =>
          octokit.request('POST /repos/{owner}/{repo}/labels', { ...at(target), name, color, description }),
        );
      }
    },
  };
}

async function createPull(
  octokit: InstallationOctokit,
  target: Target,
  pull: Parameters<PublishGitHub['createPull']>[0],
): Promise<number | 'draft-refused'> {
  try {
    const answer = await octokit.request('POST /repos/{owner}/{repo}/pulls', { ...at(target), ...pull });
    return answer.data.number;
  } catch (error) {
    if (pull.draft && githubStatus(error) === 422) return 'draft-refused';
    return callGithub('create a pull request', () => Promise.reject(error));
  }
}

function comments(
  octokit: InstallationOctokit,
  target: Target,
): Pick<PublishGitHub, 'createComment' | 'editComment' | 'listOwnComments'> {
  return {
    async createComment(issueNumber, body) {
      const answer = await callGithub('create a comment', () =>
        octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...at(target),
          issue_number: issueNumber,
          body,
        }),
      );
      return Number(answer.data.id);
    },
    async editComment(id, body) {
      await callGithub('edit a comment', () =>
        octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
          ...at(target),
          comment_id: id,
          body,
        }),
      );
    },
    async listOwnComments(issueNumber, since) {
      const all = await callGithub('list comments', () =>
        octokit.paginate('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...at(target),
          issue_number: issueNumber,
          since: new Date(since.getTime() - 60_000).toISOString(),
          per_page: 100,
        }),
      );
      const own = all.filter((comment) => comment.performed_via_github_app?.id === target.appId);
      return own
        .map((comment): OwnComment => ({ id: Number(comment.id), body: comment.body ?? '' }))
        .sort((a, b) => a.id - b.id);
    },
  };
}
