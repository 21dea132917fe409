/**
 * May this account start tasks here? Decided by the event's sender, GitHub's collaborator answer and numeric ids; never
 * by `author_association`, a role's name or a `[bot]` suffix. What cannot be answered is a no, or an error.
 */
import type { AdminConfig } from '../config/admin-config.ts';
import type { Reason, RepoRef, Requester } from '../task/task.ts';
import type { IssueGitHub, PermissionAnswer } from './github.ts';
import type { App } from './issue-event.ts';

/** `github-actions[bot]`: its token is in reach of every workflow, so it never starts anything. */
export const GITHUB_ACTIONS_BOT_ID = 41_898_282;

const SLUG = /^[A-Za-z0-9-]{1,100}$/;

/** An account as a payload names it. */
export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: string;
}

/** What was found: the permission for the record, and the refusal where there is one. */
export interface PermissionFinding {
  readonly permission: Requester['permission'];
  readonly roleName: string;
  readonly refused: Reason | null;
}

export interface PermissionDeps {
  readonly github: Pick<IssueGitHub, 'permissionOf' | 'botOf'>;
  readonly admin: Pick<AdminConfig, 'bots' | 'bans'>;
}

/** Who asks: the sender, and the App that acted with the sender's token, where one did. */
export interface Asker {
  readonly sender: Account;
  readonly app: App | null;
}

/** Asks GitHub; an App that acts for somebody must be allowed beside them. Errors: GitHub's. */
export async function checkPermission(
  deps: PermissionDeps,
  repo: RepoRef,
  { sender, app }: Asker,
): Promise<PermissionFinding> {
  if (isBanned(deps.admin, repo, sender)) return none(reason('banned', { login: sender.login }));
  const finding = sender.type === 'User' ? await checkUser(deps, repo, sender) : checkBot(deps, sender);
  if (finding.refused !== null || app === null) return finding;
  return { ...finding, refused: await checkApp(deps, app) };
}

async function checkUser(deps: PermissionDeps, repo: RepoRef, sender: Account): Promise<PermissionFinding> {
  const answer = await deps.github.permissionOf(repo, sender.login);
  if (answer === null) return refuse(sender, { permission: 'none', roleName: 'none' });
  // A login can change hands between the event and the question; then the answer is about somebody else.
  if (answer.userId !== sender.id) return refuse(sender, { permission: 'none', roleName: 'another account' });
  return isEnough(answer) ? { ...known(answer), refused: null } : refuse(sender, known(answer));
}

/** The list holds bot accounts; which one is the App's, GitHub knows by its slug. Without one it is not listed. */
async function checkApp({ admin, github }: PermissionDeps, app: App): Promise<Reason | null> {
  const slug = app.slug ?? '';
  const id = SLUG.test(slug) ? await github.botOf(slug) : null;
  if (id !== null && isListed(admin, id)) return null;
  return reason('bot-not-allowed', { id: id ?? `of App ${app.id}`, login: slug });
}

function checkBot({ admin }: PermissionDeps, sender: Account): PermissionFinding {
  const allowed = sender.type === 'Bot' && isListed(admin, sender.id);
  if (!allowed) return none(reason('bot-not-allowed', { id: sender.id, login: sender.login }));
  return { permission: 'write', roleName: 'bot on the allowlist', refused: null };
}

function isListed(admin: PermissionDeps['admin'], id: number): boolean {
  return admin.bots.includes(id) && id !== GITHUB_ACTIONS_BOT_ID;
}

function isBanned(admin: PermissionDeps['admin'], repo: RepoRef, sender: Account): boolean {
  const name = `${repo.owner}/${repo.repo}`.toLowerCase();
  return (
    admin.bans.users.includes(sender.id) ||
    admin.bans.repositories.some((banned) => banned.toLowerCase() === name)
  );
}

function isEnough({ permission }: PermissionAnswer): boolean {
  return permission === 'admin' || permission === 'write';
}

type Known = Pick<PermissionAnswer, 'permission' | 'roleName'>;

function known({ permission, roleName }: Known): Known {
  return { permission, roleName };
}

function refuse(sender: Account, found: Known): PermissionFinding {
  return { ...found, refused: reason('no-permission', { login: sender.login, permission: found.roleName }) };
}

function none(refused: Reason): PermissionFinding {
  return { permission: 'none', roleName: 'none', refused };
}

function reason(code: Reason['code'], values: Reason['values']): Reason {
  return { code, values, detail: null };
}
