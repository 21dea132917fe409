/**
 * The sweep's calls: deliveries as the App, labelled issues as each installation. A listing of deliveries is bounded, since
 * a sweep that never ends finds nothing, and says where it was cut.
 */
import { z } from 'zod';
import { callGithub } from '../shared/github-error.ts';
import type { RepoRef } from '../task/task.ts';
import type {
  DeliveryPage,
  LabelledIssue,
  LabelledIssues,
  LabelPlace,
  ListedDelivery,
  SweepGitHub,
} from './github.ts';
import type { Octokit } from './octokit-webhook-github.ts';
import { mayPass } from './sweep-deps.ts';

const MAX_PAGES = 10;
/** Failures in a row that a later call may not have: more of them, and GitHub is away. */
const MOST_UNAVAILABLE = 3;

export interface SweepOctokits {
  /** Authenticated as the App itself. */
  readonly app: Octokit;
  readonly installation: (installationId: number) => Promise<Octokit>;
}

const LabelEvent = z.object({
  event: z.literal('labeled'),
  created_at: z.coerce.date(),
  actor: z.object({ id: z.int(), login: z.string() }),
  label: z.object({ name: z.string() }),
});

/** The adapter. */
export function octokitSweepGitHub(octokits: SweepOctokits): SweepGitHub {
  return {
    listDeliveries: (since, from) => listDeliveries(octokits.app, since, from),
    readDeliveryPayload: async (id) => {
      const { data } = await callGithub('read a delivery', () =>
        octokits.app.request('GET /app/hook/deliveries/{delivery_id}', { delivery_id: id }),
      );
      return data.request.payload;
    },
    listLabelledIssues: (label, since) => listLabelledIssues(octokits, label, since),
  };
}

/** Pages by the cursor in the link header; GitHub lists newest first. */
async function listDeliveries(app: Octokit, since: Date, from: string | null): Promise<DeliveryPage> {
  const deliveries: ListedDelivery[] = [];
  let cursor = from;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { data, headers } = await callGithub('list deliveries', () =>
      app.request('GET /app/hook/deliveries', { per_page: 100, ...(cursor === null ? {} : { cursor }) }),
    );
    const recent = data.filter((one) => new Date(one.delivered_at) >= since);
    deliveries.push(
      ...recent.map((one) => ({
        id: Number(one.id),
        guid: one.guid,
        event: one.event,
        action: one.action,
        deliveredAt: new Date(one.delivered_at),
        ok: one.status_code >= 200 && one.status_code < 300,
      })),
    );
    cursor = /[?&]cursor=([^&>]+)[^>]*>;\s*rel="next"/.exec(headers.link ?? '')?.[1] ?? null;
    if (cursor === null || recent.length < data.length) return { deliveries, next: null };
  }
  return { deliveries, next: cursor };
}

async function listLabelledIssues(
  octokits: SweepOctokits,
  label: string,
  since: (place: LabelPlace) => Date,
): Promise<LabelledIssues> {
  const installations = await callGithub('list installations', () =>
    octokits.app.paginate('GET /app/installations', { per_page: 100 }),
  );
  const issues: LabelledIssue[] = [];
  const places = new Places();
  for (const { id, suspended_at: suspended } of installations) {
    if (suspended) continue;
    const installationId = Number(id);
    await places.try({ installationId, repositoryId: null }, async () => {
      const octokit = await octokits.installation(installationId);
      for (const repo of await listRepositories(octokit, installationId)) {
        const place = { installationId, repositoryId: repo.repositoryId };
        const want = { repo, label, since: since(place) };
        await places.try(place, async () => {
          issues.push(...(await labelledIn(octokit, want, (work) => places.try(place, work))));
        });
      }
    });
  }
  return { issues, failed: places.failed };
}

/** Keeps what fails in one place from the others. */
class Places {
  readonly failed: { place: LabelPlace; error: unknown }[] = [];
  #unavailable = 0;

  /** Throws only where GitHub seems to be away. */
  async try(place: LabelPlace, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#unavailable = 0;
    } catch (error) {
      this.#unavailable = mayPass(error) ? this.#unavailable + 1 : 0;
      if (this.#unavailable >= MOST_UNAVAILABLE) throw error;
      this.failed.push({ place, error });
    }
  }
}

async function listRepositories(octokit: Octokit, installationId: number): Promise<readonly RepoRef[]> {
  const repositories = await callGithub('list repositories', () =>
    octokit.paginate('GET /installation/repositories', { per_page: 100 }),
  );
  return repositories.map((one) => ({
    installationId,
    repositoryId: Number(one.id),
    owner: one.owner.login,
    repo: one.name,
    private: one.private,
  }));
}

interface LabelledWanted {
  readonly repo: RepoRef;
  readonly label: string;
  readonly since: Date;
}

async function labelledIn(
  octokit: Octokit,
  want: LabelledWanted,
  attempt: (work: () => Promise<void>) => Promise<void>,
): Promise<LabelledIssue[]> {
  const { owner, repo } = want.repo;
  const issues = await callGithub('list labelled issues', () =>
    octokit.paginate('GET /repos/{owner}/{repo}/issues', {
      owner,
      repo,
      labels: want.label,
      state: 'open',
      since: want.since.toISOString(),
      per_page: 100,
    }),
  );
  const found: LabelledIssue[] = [];
  for (const issue of issues) {
    if (issue.pull_request) continue;
    await attempt(async () => {
      const set = await lastLabelled(octokit, { ...want, issueNumber: issue.number });
      if (set !== null && set.labelledAt >= want.since) found.push(set);
    });
  }
  return found;
}

/** The issue's own events say when the label was last set and by whom; the last page has it. */
async function lastLabelled(
  octokit: Octokit,
  want: LabelledWanted & { readonly issueNumber: number },
): Promise<LabelledIssue | null> {
  const { owner, repo } = want.repo;
  const events = await callGithub('list events of an issue', () =>
    octokit.paginate('GET /repos/{owner}/{repo}/issues/{issue_number}/events', {
      owner,
      repo,
      issue_number: want.issueNumber,
      per_page: 100,
    }),
  );
  const labelled = events
    .map((event) => LabelEvent.safeParse(event))
    .flatMap(({ data }) => (data?.label.name.toLowerCase() === want.label.toLowerCase() ? [data] : []));
  const last = labelled.at(-1);
  if (last === undefined) return null;
  const labelledBy = { id: last.actor.id, login: last.actor.login };
  return { repo: want.repo, issueNumber: want.issueNumber, labelledAt: last.created_at, labelledBy };
}
