/** GitHub as the front door sees it: people with permissions, comments, branches and files, and calls that can fail. */
import { GloveboxError } from '../../src/shared/errors.ts';
import type {
  BranchHead,
  ConfigGitHub,
  DeliveryPage,
  IssueComment,
  IssueGitHub,
  LabelledIssue,
  LabelledIssues,
  LabelPlace,
  ListedDelivery,
  PermissionAnswer,
  SweepGitHub,
} from '../../src/webhook/github.ts';

/** Error of a GitHub that says no. */
export const refused = (status = 404): GloveboxError =>
  new GloveboxError({ code: 'github-refused', message: `GitHub answered ${status}`, values: { status } });

/** Error of a GitHub that is down. */
export const unavailable = (): GloveboxError =>
  new GloveboxError({ code: 'github-unavailable', message: 'GitHub answered 503', retry: true });

export class FakeWebhookGitHub implements IssueGitHub, ConfigGitHub, SweepGitHub {
  readonly calls: string[] = [];
  readonly permissions = new Map<string, PermissionAnswer>();
  /** Bot accounts of Apps, by slug. */
  readonly bots = new Map<string, number>();
  comments: IssueComment[] = [];
  base: BranchHead | null = { ref: 'main', sha: '1'.repeat(40), treeSha: '2'.repeat(40) };
  /** `path@sha`. */
  readonly files = new Map<string, string>();
  organisationFile: string | null = null;
  deliveries: ListedDelivery[] = [];
  /** Where a listing of deliveries is cut. */
  mostListed = Number.POSITIVE_INFINITY;
  /** Places whose labelled issues cannot be read. */
  unreadable: { place: LabelPlace; error: unknown }[] = [];
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

  async botOf(slug: string): Promise<number | null> {
    this.#record('botOf', slug);
    return this.bots.get(slug) ?? null;
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

  async listDeliveries(since: Date, from: string | null): Promise<DeliveryPage> {
    this.#record('listDeliveries', from ?? '');
    const start = Number(from ?? 0);
    const end = start + this.mostListed;
    const recent = this.deliveries.filter(({ deliveredAt }) => deliveredAt >= since);
    return { deliveries: recent.slice(start, end), next: end < recent.length ? String(end) : null };
  }

  async readDeliveryPayload(id: number): Promise<unknown> {
    this.#record('readDeliveryPayload', String(id));
    return this.payloads.get(id);
  }

  async listLabelledIssues(label: string, since: (place: LabelPlace) => Date): Promise<LabelledIssues> {
    this.#record('listLabelledIssues', label);
    const read = this.labelled.filter(
      ({ repo, labelledAt }) =>
        labelledAt >= since(repo) &&
        !this.unreadable.some(
          ({ place }) =>
            place.installationId === repo.installationId &&
            (place.repositoryId === null || place.repositoryId === repo.repositoryId),
        ),
    );
    return { issues: read, failed: this.unreadable };
  }

  #record(call: string, about: string): void {
    this.calls.push(`${call} ${about}`.trim());
    const index = this.failures.findIndex((failure) => failure.call === call);
    if (index >= 0) throw this.failures.splice(index, 1)[0]?.error;
  }
}
