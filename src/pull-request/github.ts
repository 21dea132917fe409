/**
 * The calls that publishing makes, on one repository as the App's installation. Errors are `GloveboxError`:
 * `github-unavailable` (retry; network, 5xx, rate limit), `github-refused` (anything else that GitHub says no to, with
 * `status` and `message` in its values), `push-refused` (rules forbid the branch).
 */
import type { FileMode } from '../result/contract/change-set.ts';
import type { Annotation } from './annotations.ts';

/** One entry of a tree: text inline, other bytes by blob, null to delete. */
export type TreeEntry =
  | { readonly path: string; readonly mode: FileMode; readonly content: string }
  | { readonly path: string; readonly mode: FileMode; readonly sha: string }
  | { readonly path: string; readonly delete: true };

/** A commit as GitHub describes it. */
export interface CommitState {
  readonly sha: string;
  readonly treeSha: string;
  readonly verified: boolean;
  readonly verificationReason: string;
}

/** A completed check run. */
export interface CheckRunRequest {
  readonly headSha: string;
  /** Ours, to find it again. */
  readonly externalId: string;
  readonly conclusion: 'success' | 'neutral' | 'failure';
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  readonly annotations: readonly Annotation[];
}

export interface PullRequest {
  readonly title: string;
  readonly body: string;
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
}

/** A comment that our own app wrote. */
export interface OwnComment {
  readonly id: number;
  readonly body: string;
}

/** One repository on GitHub, as publishing sees it. */
export interface PublishGitHub {
  createBlob(bytes: Uint8Array): Promise<string>;
  createTree(baseTreeSha: string, entries: readonly TreeEntry[]): Promise<string>;
  /** No author and no committer: that is what GitHub signs. */
  createCommit(commit: { message: string; treeSha: string; parentSha: string }): Promise<CommitState>;
  readCommit(sha: string): Promise<CommitState>;
  /** The branch's head, or null when there is none. */
  readBranch(branch: string): Promise<string | null>;
  /** False when the branch exists already. Error `push-refused` when rules forbid it. */
  createBranch(branch: string, sha: string): Promise<boolean>;
  /** Our app's check run with this external id on the commit. */
  findCheckRun(headSha: string, externalId: string): Promise<number | null>;
  createCheckRun(run: CheckRunRequest): Promise<number>;
  findOpenPull(branch: string): Promise<number | null>;
  /** `draft-refused` where the plan has no drafts. */
  createPull(pull: PullRequest): Promise<number | 'draft-refused'>;
  readLabels(
    number: number,
  ): Promise<{ readonly labels: readonly string[]; readonly assignees: readonly string[] }>;
  /** Replaces both lists. */
  setLabels(number: number, labels: readonly string[], assignees: readonly string[]): Promise<void>;
  /** Creates the label where the repository lacks it. */
  ensureLabel(name: string, color: string, description: string): Promise<void>;
  createComment(issueNumber: number, body: string): Promise<number>;
  editComment(id: number, body: string): Promise<void>;
  /** Comments that our app made on the issue since then, oldest first, all pages. */
  listOwnComments(issueNumber: number, since: Date): Promise<readonly OwnComment[]>;
}
