/** The part of an `issues` payload that we read; tolerant of everything else, strict about what decides. */
import { z } from 'zod';
import type { RepoRef } from '../task/task.ts';

const Account = z.looseObject({ id: z.int(), login: z.string(), type: z.string() });

/** A GitHub App as a payload names it; its bot account has another id, and the slug's name. */
const App = z.looseObject({ id: z.int(), slug: z.string().nullish() });
export type App = z.infer<typeof App>;

/** `issues.labeled` and `issues.opened`. */
export const IssueEvent = z.looseObject({
  action: z.enum(['labeled', 'opened']),
  label: z.looseObject({ name: z.string() }).nullish(),
  issue: z.looseObject({
    number: z.int(),
    title: z.string(),
    body: z.string().nullable(),
    state: z.string(),
    locked: z.boolean().default(false),
    created_at: z.coerce.date(),
    updated_at: z.coerce.date(),
    labels: z.array(z.looseObject({ name: z.string() })).default([]),
    pull_request: z.unknown().optional(),
    user: z.looseObject({ id: z.int() }).nullish(),
    /** The App through which its author made the issue, with a token of the author's. */
    performed_via_github_app: App.nullish(),
  }),
  repository: z.looseObject({
    id: z.int(),
    name: z.string(),
    private: z.boolean(),
    owner: z.looseObject({ login: z.string() }),
  }),
  sender: Account,
  installation: z.looseObject({ id: z.int() }),
});
export type IssueEvent = z.infer<typeof IssueEvent>;

/** True when the event set our label: named by `labeled`, or on an issue that was opened with it. No case, as on GitHub. */
export function setsLabel(event: IssueEvent, label: string): boolean {
  if (event.issue.pull_request !== undefined && event.issue.pull_request !== null) return false;
  const names = event.action === 'labeled' ? [event.label?.name] : event.issue.labels.map(({ name }) => name);
  return names.some((name) => name?.toLowerCase() === label.toLowerCase());
}

/**
 * The App that acted for the sender, or null. GitHub says it of the issue's making only, so it counts for `opened`, and for
 * a label that its own author set, which may come with the making.
 */
export function actingApp({ action, issue, sender }: IssueEvent): App | null {
  const isOwn = action === 'opened' || issue.user?.id === sender.id;
  return isOwn ? (issue.performed_via_github_app ?? null) : null;
}

/** The repository that it happened in. */
export function repoOf(event: IssueEvent): RepoRef {
  return {
    installationId: event.installation.id,
    repositoryId: event.repository.id,
    owner: event.repository.owner.login,
    repo: event.repository.name,
    private: event.repository.private,
  };
}
