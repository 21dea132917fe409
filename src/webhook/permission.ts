/**
 * May this account start tasks here? Decided by the event's sender, GitHub's collaborator answer and numeric ids; never
 * by `author_association`, a role's name or a `[bot]` suffix. What cannot be answered is a no, or an error.
 */
import type { AdminConfig } from '../config/admin-config.ts';
import type { Reason, RepoRef, Requester } from '../task/task.ts';
import type { IssueGitHub, PermissionAnswer } from './github.ts';

/** `github-actions[bot]`: its token is in reach of every workflow, so it never starts anything. */
export const GITHUB_ACTIONS_BOT_ID = 41_898_282;

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
  readonly github: Pick<IssueGitHub, 'permissionOf'>;
  readonly admin: Pick<AdminConfig, 'bots' | 'bans'>;
}

/** Asks GitHub. Errors: GitHub's. */
export async function checkPermission(
  deps: PermissionDeps,
  repo: RepoRef,
  sender: Account,
): Promise<PermissionFinding> {
  if (isBanned(deps.admin, repo, sender)) return none(reason('banned', { login: sender.login }));
  if (sender.type !== 'User') return checkBot(deps, sender);
  const answer = await deps.github.permissionOf(repo, sender.login);
  if (answer === null) return refuse(sender, { permission: 'none', roleName: 'none' });
  // A login can change hands between the event and the question; then the answer is about somebody else.
  if (answer.userId !== sender.id) return refuse(sender, { permission: 'none', roleName: 'another account' });
  return isEnough(answer) ? { ...known(answer), refused: null } : refuse(sender, known(answer));
}

function checkBot({ admin }: PermissionDeps, sender: Account): PermissionFinding {
  const allowed =
    sender.type === 'Bot' && admin.bots.includes(sender.id) && sender.id !== GITHUB_ACTIONS_BOT_ID;
  if (!allowed) return none(reason('bot-not-allowed', { id: sender.id, login: sender.login }));
  return { permission: 'write', roleName: 'bot on the allowlist', refused: null };
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
