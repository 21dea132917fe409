/** An `issues` webhook payload for tests: octocat labels issue 42 of octo-org/clock. */

export interface IssuePayloadOptions {
  readonly action?: 'labeled' | 'opened';
  readonly label?: string;
  readonly labels?: readonly string[];
  readonly number?: number;
  readonly title?: string;
  readonly body?: string | null;
  readonly state?: string;
  readonly locked?: boolean;
  readonly at?: Date;
  readonly author?: { readonly id: number; readonly login: string; readonly type: string };
  readonly sender?: { readonly id: number; readonly login: string; readonly type: string };
  readonly repositoryId?: number;
  /** The App that made the issue with its author's token. */
  readonly app?: { readonly id: number; readonly slug: string | null };
}

export const OCTOCAT = { id: 583_231, login: 'octocat', type: 'User' } as const;

/** The payload as GitHub would send it, as far as anybody reads it. */
export function buildIssuePayload(options: IssuePayloadOptions = {}): Record<string, unknown> {
  const { action, label, labels, at, author, sender, repositoryId, app, ...issue } = options;
  const all = { ...DEFAULTS, ...withoutUndefined({ action, label, author, sender, repositoryId }) };
  const time = (at ?? new Date()).toISOString();
  return {
    action: all.action,
    ...(all.action === 'opened' ? {} : { label: { name: all.label } }),
    issue: {
      number: 42,
      title: 'parseDuration drops the minutes of 1h30m',
      body: 'It returns one hour.',
      state: 'open',
      locked: false,
      ...issue,
      created_at: time,
      updated_at: time,
      labels: (labels ?? [all.label]).map((name) => ({ name })),
      user: all.author,
      performed_via_github_app: app ?? null,
      author_association: 'CONTRIBUTOR',
    },
    repository: { id: all.repositoryId, name: 'clock', private: false, owner: { login: 'octo-org' } },
    sender: all.sender,
    installation: { id: 11 },
  };
}

const DEFAULTS = { action: 'labeled', label: 'agent', author: OCTOCAT, sender: OCTOCAT, repositoryId: 22 };

function withoutUndefined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
