/** Seeds the emulated GitHub for the demo: a repository from a folder, its issue file, and what the bot needs to be its App. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type GithubHost, startGithubHost } from '../test/github-host/github-host.ts';
import { ORGANISATION, type RepositorySeed } from '../test/github-host/seed.ts';
import type { WebhookTarget } from '../test/github-host/webhook-sender.ts';

/** The sample repository's folder. */
export const SAMPLE_FOLDER = fileURLToPath(new URL('./sample', import.meta.url));

/** The sample's issue. */
export const SAMPLE_ISSUE = fileURLToPath(new URL('./sample-issue.md', import.meta.url));

/** The demo's issue gets the number that the documents use. */
const FIRST_ISSUE = 42;

/** What the bot is told about its GitHub. */
export interface DemoApp {
  readonly baseUrl: string;
  readonly appId: number;
  readonly privateKey: string;
  readonly webhookSecret: string;
  readonly installationId: number;
}

/** The running GitHub of the demo. */
export interface DemoGithub {
  readonly host: GithubHost;
  readonly app: DemoApp;
  readonly owner: string;
  readonly repository: string;
  /** Opens the issue as `octocat`, who may write, and labels it; answers its number. */
  openLabelledIssue(issue: IssueText, label: string): Promise<number>;
}

/** An issue's text. */
export interface IssueText {
  readonly title: string;
  readonly body: string;
}

/** Starts the host; `port` 0 takes a free one. `webhook` can be set later through `host.webhooks.setTarget`. */
export async function seedDemo(options: {
  readonly repository: RepositorySeed;
  readonly webhookSecret: string;
  readonly webhook?: WebhookTarget;
  readonly port?: number;
}): Promise<DemoGithub> {
  const { repository, webhookSecret, webhook, port = 0 } = options;
  const host = await startGithubHost({
    port,
    repositories: [{ firstIssueNumber: FIRST_ISSUE, ...repository }],
    ...(webhook ? { webhook } : {}),
  });
  return {
    host,
    app: {
      baseUrl: host.url,
      appId: host.app.id,
      privateKey: host.app.privateKey,
      webhookSecret,
      installationId: host.app.installationId,
    },
    owner: ORGANISATION,
    repository: repository.name,
    openLabelledIssue: async (issue, label) => {
      const number = await host.people.openIssue({ repository: repository.name, as: 'writer', ...issue });
      await host.people.label({ repository: repository.name, number, as: 'writer' }, label);
      return number;
    },
  };
}

/** Reads an issue file: its first heading is the title, the rest is the body. Error: `Error` for a file without a title. */
export function readIssueFile(path: string): IssueText {
  const text = readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  const [first = '', ...rest] = text.split('\n');
  const title = first.replace(/^#+\s*/, '').trim();
  if (title === '') throw new Error(`No title in '${path}': its first line is expected to be '# Title'.`);
  return { title, body: rest.join('\n').trim() };
}
