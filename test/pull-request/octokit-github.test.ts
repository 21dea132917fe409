/** The publishing adapter against the emulated GitHub: what a signed commit on a branch of its own takes, and its bad days. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PublishGitHub } from '../../src/pull-request/github.ts';
import { octokitBaseTree } from '../../src/pull-request/octokit-base-tree.ts';
import { octokitGithub } from '../../src/pull-request/octokit-github.ts';
import type { InstallationOctokit, Target } from '../../src/pull-request/octokit-target.ts';
import { hostClients } from '../fixtures/host-clients.ts';
import { secondaryRateLimit } from '../github-host/faults.ts';
import { type GithubHost, startGithubHost } from '../github-host/github-host.ts';

describe('the publishing adapter', () => {
  let host: GithubHost;
  let octokit: InstallationOctokit;
  let target: Target;
  let github: PublishGitHub;
  let base: { sha: string; treeSha: string };
  let issue: number;

  beforeAll(async () => {
    host = await startGithubHost({
      repositories: [
        {
          name: 'clock',
          files: [
            { path: 'README.md', content: 'clock\n' },
            { path: 'bin/run', content: '#!/bin/sh\n', mode: '100755' },
          ],
        },
      ],
    });
    const clients = hostClients(host);
    octokit = clients.installation(host.app.installationId);
    target = { owner: 'octo-org', repo: 'clock', appId: host.app.id };
    github = octokitGithub(octokit, target);
    const sha = await github.readBranch('main');
    if (sha === null) throw new Error('no base');
    base = { sha, treeSha: (await github.readCommit(sha)).treeSha };
    issue = await host.people.openIssue({
      repository: 'clock',
      as: 'writer',
      title: 'It is late',
      body: 'by an hour',
    });
  });
  afterEach(() => host.faults.clear());
  afterAll(async () => {
    expect(host.violations).toEqual([]);
    await host.close();
  });

  const commit = async (path: string) => {
    const treeSha = await github.createTree(base.treeSha, [{ path, mode: '100755', content: 'x\n' }]);
    return github.createCommit({ message: `Add ${path}`, treeSha, parentSha: base.sha });
  };

  it('makes a commit that GitHub verifies, and reads it back', async () => {
    const made = await commit('a.sh');
    expect(made.verified).toBe(true);
    expect(await github.readCommit(made.sha)).toMatchObject({ sha: made.sha, verified: true });
  });

  it('counter-test: the same commit with an author of its own is not verified', async () => {
    const treeSha = await github.createTree(base.treeSha, [{ path: 'b.sh', mode: '100644', content: 'x\n' }]);
    const author = { name: 'octocat', email: 'octocat@example.com' };
    const answer = await octokit.request('POST /repos/{owner}/{repo}/git/commits', {
      owner: target.owner,
      repo: target.repo,
      message: 'forged',
      tree: treeSha,
      parents: [base.sha],
      author,
    });
    expect((await github.readCommit(answer.data.sha)).verified).toBe(false);
  });

  it('keeps exec bits and symlinks, deletes files and takes bytes that are not text', async () => {
    const blob = await github.createBlob(Buffer.from([0xff, 0xfe, 0]));
    const treeSha = await github.createTree(base.treeSha, [
      { path: 'link', mode: '120000', content: 'bin/run' },
      { path: 'data.bin', mode: '100644', sha: blob },
      { path: 'README.md', delete: true },
    ]);
    const files = await octokitBaseTree(octokit, target, treeSha).listPaths();
    expect([...files].map(([path, file]) => `${file.mode} ${path}`).sort()).toEqual([
      '100644 data.bin',
      '100755 bin/run',
      '120000 link',
    ]);
    expect(await octokitBaseTree(octokit, target, treeSha).read('data.bin')).toEqual(
      Buffer.from([0xff, 0xfe, 0]),
    );
  });

  it('makes a branch once', async () => {
    const { sha } = await commit('c.sh');
    expect(await github.readBranch('glovebox/1-aaaaaa')).toBeNull();
    expect(await github.createBranch('glovebox/1-aaaaaa', sha)).toBe(true);
    expect(await github.createBranch('glovebox/1-aaaaaa', sha)).toBe(false);
    expect(await github.readBranch('glovebox/1-aaaaaa')).toBe(sha);
  });

  it('leaves a branch that somebody made first; counter-test: the same App may move it by force', async () => {
    const branch = 'glovebox/1-eeeeee';
    const files = [{ path: 'theirs.txt', content: 'theirs' }];
    const theirs = host.people.push({ repository: 'clock', as: 'writer', branch, files });
    const { sha } = await commit('g.sh');
    expect(await github.createBranch(branch, sha)).toBe(false);
    expect(await github.readBranch(branch)).toBe(theirs);

    const { owner, repo } = target;
    const ref = { owner, repo, ref: `heads/${branch}`, sha, force: true };
    await octokit.request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', ref);
    expect(await github.readBranch(branch)).toBe(sha);
  });

  it('counter-test: GitHub itself opens a pull request, ready for review, on a commit that nobody judged', async () => {
    const { sha } = await commit('h.sh');
    const head = 'glovebox/1-ffffff';
    await github.createBranch(head, sha);
    const number = await github.createPull({ title: 'Done', body: 'b', head, base: 'main', draft: false });
    const { owner, repo } = target;
    const pull = await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...{ owner, repo },
      pull_number: Number(number),
    });
    expect(pull.data).toMatchObject({ state: 'open', draft: false, head: { sha } });
    const runs = await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
      ...{ owner, repo },
      ref: sha,
    });
    expect(runs.data.total_count).toBe(0);
  });

  it('says push-refused where a ruleset forbids the branch, and not where GitHub only asks to come later', async () => {
    const { sha } = await commit('d.sh');
    host.faults.add(secondaryRateLimit(/\/git\/refs$/, 7));
    await expect(github.createBranch('glovebox/1-bbbbbb', sha)).rejects.toMatchObject({
      code: 'github-unavailable',
      retry: true,
      values: { retryAfterS: 7 },
    });
    host.faults.clear();
    host.rules.forbiddenRefs.push(/glovebox/);
    await expect(github.createBranch('glovebox/1-bbbbbb', sha)).rejects.toMatchObject({
      code: 'push-refused',
    });
    host.rules.forbiddenRefs.pop();
  });

  it('finds its own check run, pull request and comments again', async () => {
    const { sha } = await commit('e.sh');
    await github.createBranch('glovebox/1-cccccc', sha);
    const run = {
      headSha: sha,
      externalId: 'aaaaaa.1.1',
      conclusion: 'success' as const,
      title: 't',
      summary: 's',
      text: 'x',
      annotations: [],
    };
    const id = await github.createCheckRun(run);
    expect(await github.findCheckRun(sha, 'aaaaaa.1.1')).toBe(id);
    expect(await github.findCheckRun(sha, 'bbbbbb.1.1')).toBeNull();
    const number = await github.createPull({
      title: 'Resolve',
      body: 'b',
      head: 'glovebox/1-cccccc',
      base: 'main',
      draft: true,
    });
    expect(await github.findOpenPull('glovebox/1-cccccc')).toBe(number);
    await github.ensureLabel('agent', '1D76DB', 'made here');
    await github.setLabels(Number(number), ['agent'], ['octocat']);
    expect(await github.readLabels(Number(number))).toEqual({ labels: ['agent'], assignees: ['octocat'] });
    const comment = await github.createComment(issue, 'ours');
    await host.people.comment({ repository: 'clock', number: issue, as: 'writer' }, 'not ours');
    await github.editComment(comment, 'ours, edited');
    expect(await github.listOwnComments(issue, new Date(0))).toEqual([{ id: comment, body: 'ours, edited' }]);
  });

  it('answers draft-refused where the plan has no drafts', async () => {
    const { sha } = await commit('f.sh');
    await github.createBranch('glovebox/1-dddddd', sha);
    host.rules.draftsRefused = true;
    const pull = { title: 'Attempt', body: 'b', head: 'glovebox/1-dddddd', base: 'main' };
    expect(await github.createPull({ ...pull, draft: true })).toBe('draft-refused');
    expect(await github.createPull({ ...pull, draft: false })).toEqual(expect.any(Number));
    host.rules.draftsRefused = false;
  });
});
