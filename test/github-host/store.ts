/**
 * The emulator's store as this host reads and writes it: one store of truth for both. Only the fields that the overlay
 * needs are named; rows carry more.
 */

/** One table of the emulator. `findBy` scans where no index exists. */
export interface Table<Row extends { readonly id: number }> {
  all(): Row[];
  get(id: number): Row | undefined;
  findBy(field: keyof Row & string, value: string | number): Row[];
  findOneBy(field: keyof Row & string, value: string | number): Row | undefined;
  insert(row: Omit<Row, 'id' | 'created_at' | 'updated_at'>): Row;
  update(id: number, patch: Partial<Row>): Row | undefined;
  delete(id: number): boolean;
}

/** Timestamps that the emulator sets by itself. */
interface Stamped {
  readonly id: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface UserRow extends Stamped {
  readonly login: string;
  readonly node_id: string;
  readonly type: string;
  readonly site_admin: boolean;
  readonly name: string | null;
  readonly email: string | null;
  readonly avatar_url: string;
  readonly gravatar_id: string;
}

export interface RepoRow extends Stamped {
  readonly node_id: string;
  readonly name: string;
  readonly full_name: string;
  readonly owner_id: number;
  readonly owner_type: string;
  readonly private: boolean;
  readonly default_branch: string;
  readonly pushed_at: string | null;
}

export interface IssueRow extends Stamped {
  readonly node_id: string;
  readonly repo_id: number;
  readonly number: number;
  readonly title: string;
  readonly body: string | null;
  readonly state: string;
  readonly state_reason: string | null;
  readonly locked: boolean;
  readonly active_lock_reason: string | null;
  readonly user_id: number;
  readonly label_ids: number[];
  readonly assignee_ids: number[];
  readonly milestone_id: number | null;
  readonly comments: number;
  readonly closed_at: string | null;
  readonly closed_by_id: number | null;
  readonly is_pull_request: boolean;
}

export interface PullRow extends Stamped {
  readonly node_id: string;
  readonly repo_id: number;
  readonly number: number;
  readonly title: string;
  readonly body: string | null;
  readonly state: string;
  readonly draft: boolean;
  readonly label_ids: number[];
  readonly assignee_ids: number[];
  readonly user_id: number;
  readonly head_ref: string;
  readonly head_sha: string;
  readonly head_repo_id: number;
  readonly base_ref: string;
  readonly base_sha: string;
  readonly closed_at: string | null;
}

export interface LabelRow extends Stamped {
  readonly repo_id: number;
  readonly node_id: string;
  readonly name: string;
  readonly color: string;
  readonly description: string | null;
  readonly default: boolean;
}

export interface CommentRow extends Stamped {
  readonly repo_id: number;
  readonly issue_number: number | null;
  readonly body: string;
  readonly user_id: number;
}

export interface IssueEventRow extends Stamped {
  readonly repo_id: number;
  readonly node_id: string;
  readonly issue_number: number;
  readonly event: string;
  readonly actor_id: number;
  readonly commit_id: null;
  readonly commit_url: null;
  readonly label_name: string | null;
  readonly assignee_id: number | null;
  readonly milestone_title: null;
  readonly rename: null;
}

export interface RefRow extends Stamped {
  readonly repo_id: number;
  readonly ref: string;
  readonly sha: string;
  readonly node_id: string;
}

export interface BranchRow extends Stamped {
  readonly repo_id: number;
  readonly name: string;
  readonly sha: string;
  readonly protected: boolean;
}

export interface CommitRow extends Stamped {
  readonly repo_id: number;
  readonly sha: string;
  readonly node_id: string;
  readonly message: string;
  readonly tree_sha: string;
  readonly parent_shas: string[];
  readonly author_name: string;
  readonly author_email: string;
  readonly author_date: string;
  readonly committer_name: string;
  readonly committer_email: string;
  readonly committer_date: string;
  readonly user_id: number;
}

/** One entry of a tree, by its name inside that tree. */
export interface TreeItem {
  readonly path: string;
  readonly mode: string;
  readonly type: string;
  readonly sha: string;
  readonly size?: number;
}

export interface TreeRow extends Stamped {
  readonly repo_id: number;
  readonly sha: string;
  readonly node_id: string;
  readonly tree: TreeItem[];
  readonly truncated: boolean;
}

export interface BlobRow extends Stamped {
  readonly repo_id: number;
  readonly sha: string;
  readonly node_id: string;
  readonly content: string;
  readonly encoding: string;
  readonly size: number;
}

export interface CheckRunRow extends Stamped {
  readonly repo_id: number;
  readonly head_sha: string;
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly external_id: string;
  readonly app_id: number | null;
  readonly output: {
    readonly title: string | null;
    readonly summary: string | null;
    readonly text: string | null;
    readonly annotations_count: number;
    readonly annotations: readonly unknown[];
  };
}

export interface CollaboratorRow extends Stamped {
  readonly repo_id: number;
  readonly user_id: number;
  readonly permission: string;
}

export interface OrgRow extends Stamped {
  readonly login: string;
}

export interface TeamRow extends Stamped {
  readonly org_id: number;
  readonly slug: string;
}

export interface TeamMemberRow extends Stamped {
  readonly team_id: number;
  readonly user_id: number;
  readonly role: string;
}

export interface InstallationRow extends Stamped {
  readonly installation_id: number;
  readonly app_id: number;
  readonly account_login: string;
  readonly suspended_at: string | null;
  readonly permissions: Readonly<Record<string, string>>;
}

/** The tables of the emulator that the host works on. */
export interface Store {
  readonly users: Table<UserRow>;
  readonly orgs: Table<OrgRow>;
  readonly teams: Table<TeamRow>;
  readonly teamMembers: Table<TeamMemberRow>;
  readonly repos: Table<RepoRow>;
  readonly collaborators: Table<CollaboratorRow>;
  readonly issues: Table<IssueRow>;
  readonly pullRequests: Table<PullRow>;
  readonly labels: Table<LabelRow>;
  readonly comments: Table<CommentRow>;
  readonly issueEvents: Table<IssueEventRow>;
  readonly refs: Table<RefRow>;
  readonly branches: Table<BranchRow>;
  readonly commits: Table<CommitRow>;
  readonly trees: Table<TreeRow>;
  readonly blobs: Table<BlobRow>;
  readonly checkRuns: Table<CheckRunRow>;
  readonly appInstallations: Table<InstallationRow>;
}
