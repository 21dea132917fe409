/**
 * What stands on the emulated GitHub and what was asked of it, as plain data: read from memory on one machine, over the
 * control API where the emulator runs in a pod.
 */
import { z } from 'zod';
import type { GithubHost } from '../test/github-host/github-host.ts';

const Count = z.int().min(0);

/** Everything that demo and scenario tests say about the host. */
export const HostView = z.object({
  pulls: z.array(
    z.object({
      repository: z.string(),
      number: z.int(),
      title: z.string(),
      body: z.string(),
      state: z.string(),
      draft: z.boolean(),
      headRef: z.string(),
      headSha: z.string(),
      labels: z.array(z.string()),
    }),
  ),
  /** References that the App made, without `refs/`. */
  branches: z.array(z.object({ repository: z.string(), ref: z.string(), sha: z.string() })),
  commits: z.array(
    z.object({
      repository: z.string(),
      sha: z.string(),
      message: z.string(),
      verified: z.boolean(),
      parents: z.array(z.string()),
    }),
  ),
  checkRuns: z.array(
    z.object({
      repository: z.string(),
      headSha: z.string(),
      name: z.string(),
      status: z.string(),
      conclusion: z.string().nullable(),
      title: z.string(),
      summary: z.string(),
      text: z.string(),
    }),
  ),
  comments: z.array(
    z.object({ repository: z.string(), issue: z.int().nullable(), byApp: z.boolean(), body: z.string() }),
  ),
  /** Requests of the App by kind. */
  calls: z.object({ content: Count, edit: Count, git: Count, read: Count, token: Count }),
  /** What strayed from GitHub's published API or webhooks; must stay empty. */
  violations: z.array(z.string()),
});
export type HostView = z.infer<typeof HostView>;

/** Reads the host's memory. */
export function viewOf(host: GithubHost): HostView {
  const { store } = host.state;
  const repository = (id: number): string => store.repos.get(id)?.name ?? '';
  const bot = store.users.findOneBy('login', `${host.app.slug}[bot]`);
  return {
    pulls: store.pullRequests.all().map((row) => ({
      repository: repository(row.repo_id),
      number: row.number,
      title: row.title,
      body: row.body ?? '',
      state: row.state,
      draft: row.draft,
      headRef: row.head_ref,
      headSha: row.head_sha,
      labels: row.label_ids.flatMap((id) => store.labels.get(id)?.name ?? []),
    })),
    branches: store.refs
      .all()
      .filter((row) => row.ref.startsWith('refs/heads/glovebox/'))
      .map((row) => ({
        repository: repository(row.repo_id),
        ref: row.ref.slice('refs/'.length),
        sha: row.sha,
      })),
    commits: store.commits.all().map((row) => ({
      repository: repository(row.repo_id),
      sha: row.sha,
      message: row.message,
      verified: host.state.verified.has(row.sha),
      parents: [...row.parent_shas],
    })),
    checkRuns: store.checkRuns.all().map((row) => ({
      repository: repository(row.repo_id),
      headSha: row.head_sha,
      name: row.name,
      status: row.status,
      conclusion: row.conclusion,
      title: row.output.title ?? '',
      summary: row.output.summary ?? '',
      text: row.output.text ?? '',
    })),
    comments: store.comments.all().map((row) => ({
      repository: repository(row.repo_id),
      issue: row.issue_number,
      byApp: row.user_id === bot?.id,
      body: row.body,
    })),
    calls: host.githubCalls(),
    violations: [...host.violations],
  };
}
