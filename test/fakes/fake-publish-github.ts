/**
 * GitHub as publishing sees it, in memory: records its calls, keeps what was made, signs by GitHub's rule, and can be told
 * to fail before or after an effect so that every crash between two steps can be played.
 */
import type {
  CheckRunRequest,
  CommitState,
  PublishGitHub,
  PullRequest,
  TreeEntry,
} from '../../src/pull-request/github.ts';
import { GloveboxError } from '../../src/shared/errors.ts';

/** What a failing call throws. */
export class FakeCrash extends Error {}

/** The fake and its memory. */
export class FakePublishGithub implements PublishGitHub {
  readonly calls: string[] = [];
  readonly trees: (readonly TreeEntry[])[] = [];
  readonly commits = new Map<string, CommitState & { message: string }>();
  readonly branches = new Map<string, string>();
  readonly checkRuns: (CheckRunRequest & { id: number })[] = [];
  readonly pulls: (PullRequest & { number: number })[] = [];
  readonly comments: { id: number; issue: number; body: string }[] = [];
  readonly labels = new Map<number, { labels: readonly string[]; assignees: readonly string[] }>();
  readonly repositoryLabels = new Set<string>();
  verified = true;
  draftsRefused = false;
  pushRefused: Error | null = null;
  /** Crash at the n-th call (from 1), before or after its effect. */
  crash: { at: number; when: 'before' | 'after' } | null = null;

  #lastComment = 0;

  /** A maintainer deletes all comments. */
  deleteComments(): void {
    this.comments.length = 0;
  }

  async #call<T>(name: string, effect: () => T): Promise<T> {
    this.calls.push(name);
    const due = this.crash?.at === this.calls.length;
    if (due && this.crash?.when === 'before') throw new FakeCrash(`before ${name}`);
    const result = effect();
    if (due) throw new FakeCrash(`after ${name}`);
    return result;
  }

  createBlob(bytes: Uint8Array): Promise<string> {
    return this.#call('createBlob', () => `blob-${bytes.length}`);
  }
  createTree(_base: string, entries: readonly TreeEntry[]): Promise<string> {
    return this.#call('createTree', () => `tree-${this.trees.push(entries)}`);
  }
  createCommit(commit: { message: string; treeSha: string; parentSha: string }): Promise<CommitState> {
    return this.#call('createCommit', () => {
      const sha = String(this.commits.size + 1).padStart(40, 'c');
      const made = {
        sha,
        treeSha: commit.treeSha,
        verified: this.verified,
        verificationReason: this.verified ? 'valid' : 'unsigned',
        message: commit.message,
      };
      this.commits.set(sha, made);
      return made;
    });
  }
  readCommit(sha: string): Promise<CommitState> {
    return this.#call('readCommit', () => {
      const commit = this.commits.get(sha);
      if (!commit) throw new Error(`no commit ${sha}`);
      return commit;
    });
  }
  readBranch(branch: string): Promise<string | null> {
    return this.#call('readBranch', () => this.branches.get(branch) ?? null);
  }
  createBranch(branch: string, sha: string): Promise<boolean> {
    return this.#call('createBranch', () => {
      if (this.pushRefused) throw this.pushRefused;
      if (this.branches.has(branch)) return false;
      this.branches.set(branch, sha);
      return true;
    });
  }
  findCheckRun(headSha: string, externalId: string): Promise<number | null> {
    return this.#call('findCheckRun', () => {
      const run = this.checkRuns.find((made) => made.headSha === headSha && made.externalId === externalId);
      return run?.id ?? null;
    });
  }
  createCheckRun(run: CheckRunRequest): Promise<number> {
    return this.#call('createCheckRun', () => this.checkRuns.push({ ...run, id: this.checkRuns.length + 1 }));
  }
  findOpenPull(branch: string): Promise<number | null> {
    return this.#call('findOpenPull', () => this.pulls.find((pull) => pull.head === branch)?.number ?? null);
  }
  createPull(pull: PullRequest): Promise<number | 'draft-refused'> {
    return this.#call('createPull', () => {
      if (pull.draft && this.draftsRefused) return 'draft-refused';
      this.pulls.push({ ...pull, number: 43 + this.pulls.length });
      return 42 + this.pulls.length;
    });
  }
  readLabels(number: number): Promise<{ labels: readonly string[]; assignees: readonly string[] }> {
    return this.#call('readLabels', () => this.labels.get(number) ?? { labels: [], assignees: [] });
  }
  setLabels(number: number, labels: readonly string[], assignees: readonly string[]): Promise<void> {
    return this.#call('setLabels', () => {
      this.labels.set(number, { labels, assignees });
    });
  }
  ensureLabel(name: string): Promise<void> {
    return this.#call('ensureLabel', () => {
      this.repositoryLabels.add(name);
    });
  }
  createComment(issue: number, body: string): Promise<number> {
    return this.#call('createComment', () => {
      this.#lastComment = Math.max(this.#lastComment, ...this.comments.map((made) => made.id)) + 1;
      this.comments.push({ id: this.#lastComment, issue, body });
      return this.#lastComment;
    });
  }
  editComment(id: number, body: string): Promise<void> {
    return this.#call('editComment', () => {
      const comment = this.comments.find((made) => made.id === id);
      if (!comment) throw notFound(`comment ${id}`);
      comment.body = body;
    });
  }
  listOwnComments(issue: number): Promise<readonly { id: number; body: string }[]> {
    return this.#call('listOwnComments', () => this.comments.filter((made) => made.issue === issue));
  }
}

/** As the adapter answers where GitHub has no such thing. */
function notFound(what: string): GloveboxError {
  return new GloveboxError({
    code: 'github-refused',
    message: `GitHub answered 404: no ${what}`,
    values: { status: 404 },
  });
}
