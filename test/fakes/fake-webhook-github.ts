/** GitHub as the front door sees it: people with permissions, comments, branches and files, and calls that can fail. */
import { GloveboxError } from '../../src/shared/errors.ts';
import type {
  BranchHead,
  ConfigGitHub,
  IssueComment,
  IssueGitHub,
  LabelledIssue,
  ListedDelivery,
  PermissionAnswer,
  SweepGitHub,
} from '../../src/webhook/github.ts';

/** Error of a GitHub that is down. */
export const unavailable = (): GloveboxError =>
  new GloveboxError({ code: 'github-unavailable', message: 'GitHub answered 503', retry: true });

export class FakeWebhookGitHub implements IssueGitHub, ConfigGitHub, SweepGitHub {
  readonly calls: string[] = [];
  readonly permissions = new Map<string, PermissionAnswer>();
  comments: IssueComment[] = [];
  base: BranchHead | null = { ref: 'main', sha: '1'.repeat(40), treeSha: '2'.repeat(40) };
  /** `path@sha`. */
  readonly files = new Map<string, string>();
  organisationFile: string | null = null;
  deliveries: ListedDelivery[] = [];
  readonly payloads = new Map<number, unknown>();
  labelled: LabelledIssue[] = [];
  /** Thrown by the next call of this name, as often as it stands here. */
  readonly failures: { call: string; error: unknown }[] = [];

  allow(
    login: string,
    userId: number,
    permission: PermissionAnswer['permission'] = 'write',
    roleName: string = permission,
  ): void {
    this.permissions.set(login, { userId, permission, roleName });
  }

  async permissionOf(_repo: unknown, login: string): Promise<PermissionAnswer | null> {
    this.#record('permissionOf', login);
    return this.permissions.get(login) ?? null;
  }

  async reactWithEyes(_repo: unknown, issueNumber: number): Promise<void> {
    this.#record('reactWithEyes', String(issueNumber));
  }

  async listComments(_repo: unknown, issueNumber: number, most: number): Promise<readonly IssueComment[]> {
    this.#record('listComments', String(issueNumber));
    return this.comments.slice(-most);
  }

  async readDefaultBranch(): Promise<BranchHead | null> {
    this.#record('readDefaultBranch', '');
    return this.base;
  }

  async readFileAt(_repo: unknown, path: string, sha: string): Promise<string | null> {
    this.#record('readFileAt', `${path}@${sha.slice(0, 4)}`);
    return this.files.get(`${path}@${sha}`) ?? null;
  }

  async readOrganisationFile(_repo: unknown, path: string): Promise<string | null> {
    this.#record('readOrganisationFile', path);
    return this.organisationFile;
  }

  async listDeliveries(): Promise<readonly ListedDelivery[]> {
    this.#record('listDeliveries', '');
    return this.deliveries;
  }

  async readDeliveryPayload(id: number): Promise<unknown> {
    this.#record('readDeliveryPayload', String(id));
    return this.payloads.get(id);
  }

  async listLabelledIssues(label: string): Promise<readonly LabelledIssue[]> {
    this.#record('listLabelledIssues', label);
    return this.labelled;
  }

  #record(call: string, about: string): void {
    this.calls.push(`${call} ${about}`.trim());
    const index = this.failures.findIndex((failure) => failure.call === call);
    if (index >= 0) throw this.failures.splice(index, 1)[0]?.error;
  }
}
