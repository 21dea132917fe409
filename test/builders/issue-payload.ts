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
}

export const OCTOCAT = { id: 583_231, login: 'octocat', type: 'User' } as const;

/** The payload as GitHub would send it, as far as anybody reads it. */
export function buildIssuePayload(options: IssuePayloadOptions = {}): Record<string, unknown> {
  const at = (options.at ?? new Date()).toISOString();
  const label = options.label ?? 'agent';
  return {
    action: options.action ?? 'labeled',
    ...(options.action === 'opened' ? {} : { label: { name: label } }),
    issue: {
      number: options.number ?? 42,
      title: options.title ?? 'parseDuration drops the minutes of 1h30m',
      body: options.body === undefined ? 'It returns one hour.' : options.body,
      state: options.state ?? 'open',
      locked: options.locked ?? false,
      created_at: at,
      updated_at: at,
      labels: (options.labels ?? [label]).map((name) => ({ name })),
      user: options.author ?? OCTOCAT,
      author_association: 'CONTRIBUTOR',
    },
    repository: {
      id: options.repositoryId ?? 22,
      name: 'clock',
      private: false,
      owner: { login: 'octo-org' },
    },
    sender: options.sender ?? OCTOCAT,
    installation: { id: 11 },
  };
}
