/** What the overlay's routes share: the emulator's store and the few facts that it has no place for. */
import type { Emulator } from './emulator.ts';
import type { Actor, IdentityParts } from './identity.ts';
import type { RepoRow, Store } from './store.ts';
import type { WebhookSender } from './webhook-sender.ts';

/** The App that the host knows, as its manifest was accepted. */
export interface HostApp {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly clientId: string;
  readonly privateKey: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly events: readonly string[];
  readonly installationId: number;
}

/** A reaction on an issue or a comment; `subject` is `issues/42` or `comments/7`, with the repository's id before it. */
export interface Reaction {
  readonly id: number;
  readonly subject: string;
  readonly userId: number;
  readonly content: string;
  readonly createdAt: string;
}

/** Behaviour of a repository's plan and rules, changeable while the host runs. */
export interface HostRules {
  /** True: drafts are answered with 422, as for private repositories on small plans. */
  draftsRefused: boolean;
  /** References that a ruleset forbids to create or update, tested on the full name. */
  forbiddenRefs: RegExp[];
  /** Custom role names by login, shown as `role_name`. */
  roleNames: Map<string, string>;
}

/** Shared by all routes of one host. */
export interface HostState {
  /** What others call it, and what its answers name. */
  readonly url: string;
  /** Where this machine reaches it. */
  readonly origin: string;
  readonly app: HostApp;
  readonly emulator: Emulator;
  readonly store: Store;
  readonly sender: WebhookSender;
  readonly rules: HostRules;
  readonly reactions: Reaction[];
  /** Text of each issue when it was last announced, by `REPOSITORY#NUMBER`. */
  readonly issueTexts: Map<string, { readonly title: string; readonly body: string }>;
  /** Commits that GitHub signed, by SHA, with the time of it. */
  readonly verified: Map<string, string>;
  readonly tokenExpiries: Map<string, number>;
  readonly now: () => number;
}

/** Hono's variables of one request. */
export interface HostEnv {
  readonly Variables: { actor: Actor; json: unknown; rawBody: Uint8Array<ArrayBuffer> };
}

/** What tells senders apart on this host. */
export function identityParts(state: HostState): IdentityParts {
  return { tokens: state.emulator.tokens, expiries: state.tokenExpiries, app: state.app, now: state.now };
}

/** The repository named by the route, or undefined. */
export function findRepo(state: HostState, owner: string, name: string): RepoRow | undefined {
  const full = `${owner}/${name}`.toLowerCase();
  return state.store.repos.all().find((row) => row.full_name.toLowerCase() === full);
}

/** May this actor do something of this kind here? Public repositories are readable by everyone. */
export function mayTouch(
  state: HostState,
  actor: Actor,
  want: { readonly repo: RepoRow; readonly permission: string; readonly level: 'read' | 'write' },
): boolean {
  const { repo, permission, level } = want;
  if (actor.kind === 'installation') {
    const { owner } = actor;
    const listed = owner.repositorySelection === 'all' || owner.repositoryIds.includes(repo.id);
    const granted = owner.permissions[permission];
    const enough = granted === 'write' || (level === 'read' && granted === 'read');
    return (listed && enough) || (level === 'read' && !repo.private);
  }
  if (actor.kind !== 'user') return level === 'read' && !repo.private;
  const role = roleOf(state, repo, actor.login);
  return level === 'read' ? role !== 'none' : ['write', 'maintain', 'admin'].includes(role);
}

/** A person's role in a repository: organisation owners are admins, everyone reads what is public. */
export function roleOf(
  state: HostState,
  repo: RepoRow,
  login: string,
): 'admin' | 'maintain' | 'write' | 'triage' | 'read' | 'none' {
  const user = state.store.users.findOneBy('login', login);
  const nobody = repo.private ? 'none' : 'read';
  if (!user) return nobody;
  const members = state.store.teams.findBy('org_id', repo.owner_id).find((team) => team.slug === 'members');
  const membership =
    members && state.store.teamMembers.findBy('team_id', members.id).find((row) => row.user_id === user.id);
  if (repo.owner_type === 'Organization' && membership?.role === 'maintainer') return 'admin';
  const collaborator = state.store.collaborators
    .findBy('repo_id', repo.id)
    .find((row) => row.user_id === user.id);
  if (!collaborator) return nobody;
  return ROLES[collaborator.permission] ?? nobody;
}

const ROLES: Readonly<Record<string, 'admin' | 'maintain' | 'write' | 'triage' | 'read'>> = {
  admin: 'admin',
  maintain: 'maintain',
  push: 'write',
  triage: 'triage',
  pull: 'read',
};
