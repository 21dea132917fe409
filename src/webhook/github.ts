/**
 * The calls that this stage makes of GitHub, as three small interfaces. Errors of all: `github-unavailable` (retry:
 * network, 5xx, rate limit), `github-refused` (any other no), `installation-suspended`.
 */
import type { RepoRef } from '../task/task.ts';

/** GitHub's answer about a person's right in one repository. */
export interface PermissionAnswer {
  /** Whom the answer is about; must equal the id that was asked for. */
  readonly userId: number;
  readonly permission: 'admin' | 'write' | 'read' | 'none';
  /** Only shown; may be a custom name. */
  readonly roleName: string;
}

/** One comment of an issue. */
export interface IssueComment {
  readonly userId: number;
  readonly login: string;
  /** GitHub's account type. */
  readonly userType: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly body: string;
}

/** What handling an issue asks, as the App's installation. */
export interface IssueGitHub {
  /** The collaborator API's answer; null for someone it does not know (404). */
  permissionOf(repo: RepoRef, login: string): Promise<PermissionAnswer | null>;
  /** The numeric id of an App's bot account, by the App's slug; null where there is none (404). */
  botOf(slug: string): Promise<number | null>;
  /** Adds our `eyes`; again is the same. */
  reactWithEyes(repo: RepoRef, issueNumber: number): Promise<void>;
  /** The newest comments, oldest first, at most `most`. */
  listComments(repo: RepoRef, issueNumber: number, most: number): Promise<readonly IssueComment[]>;
}

/** A branch's head as an attempt is pinned to it. */
export interface BranchHead {
  readonly ref: string;
  readonly sha: string;
  readonly treeSha: string;
}

/** What pinning asks. */
export interface ConfigGitHub {
  /** Null: the repository has no commit. */
  readDefaultBranch(repo: RepoRef): Promise<BranchHead | null>;
  /** Null only when GitHub says that there is no such file; errors are errors, never "absent". */
  readFileAt(repo: RepoRef, path: string, sha: string): Promise<string | null>;
  /** The same path on the default branch of `OWNER/.github`; null where it, or the file, is missing or out of reach. */
  readOrganisationFile(repo: RepoRef, path: string): Promise<string | null>;
}

/** One delivery as GitHub lists it. */
export interface ListedDelivery {
  readonly id: number;
  /** `X-GitHub-Delivery`; a redelivery has the same. */
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly deliveredAt: Date;
  readonly ok: boolean;
}

/** An open issue that carries our label. */
export interface LabelledIssue {
  readonly repo: RepoRef;
  readonly issueNumber: number;
  /** When the label was last set, and by whom. */
  readonly labelledAt: Date;
  readonly labelledBy: { readonly id: number; readonly login: string };
}

/** A part of a listing. */
export interface DeliveryPage {
  readonly deliveries: readonly ListedDelivery[];
  /** Where the listing was cut: the older ones begin here. Null: there are no older ones since then. */
  readonly next: string | null;
}

/** Where labels are looked at; without a repository, a whole installation. */
export interface LabelPlace {
  readonly installationId: number;
  readonly repositoryId: number | null;
}

/** The labelled issues that could be read, and the places that could not. */
export interface LabelledIssues {
  readonly issues: readonly LabelledIssue[];
  readonly failed: readonly { readonly place: LabelPlace; readonly error: unknown }[];
}

/** What the sweep asks: deliveries as the App, issues as each installation. */
export interface SweepGitHub {
  /** Deliveries since then, newest first, from the newest on or from where another listing was cut. */
  listDeliveries(since: Date, from: string | null): Promise<DeliveryPage>;
  /** The payload as GitHub sent it. */
  readDeliveryPayload(id: number): Promise<unknown>;
  /**
   * Open issues with the label in all repositories of all installations, labelled since each one's own moment. What fails
   * in one of them stops no other; throws where GitHub is away altogether.
   */
  listLabelledIssues(label: string, since: (place: LabelPlace) => Date): Promise<LabelledIssues>;
}
