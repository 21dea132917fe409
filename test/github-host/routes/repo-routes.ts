/** Repository endpoints that the emulator lacks or answers differently: permission of a person, reactions. */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { type HostEnv, type HostState, type Reaction, roleOf } from '../host-state.ts';
import type { RepoRow } from '../store.ts';
import { openRepo, paging, problem } from './app-routes.ts';
import { formatUser } from './format-user.ts';

const ReactionBody = z.looseObject({
  content: z.enum(['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes']),
});

/** Registers the routes. */
export function repoRoutes(app: Hono<HostEnv>, state: HostState): void {
  permissionRoute(app, state);
  for (const subject of ['issues/:number', 'issues/comments/:number']) {
    const path = `/repos/:owner/:repo/${subject}/reactions`;
    app.post(path, (c) => createReaction(c, state, subject));
    app.get(path, (c) => listReactions(c, state, subject));
  }
}

/** `permission` folds maintain into write and triage into read; `role_name` is the role, or a custom name. */
function permissionRoute(app: Hono<HostEnv>, state: HostState): void {
  app.get('/repos/:owner/:repo/collaborators/:login/permission', (c) => {
    const opened = openRepo(c, state, { permission: 'metadata', level: 'read' });
    if ('denied' in opened) return opened.denied;
    const login = c.req.param('login');
    const user = state.store.users.all().find((row) => row.login.toLowerCase() === login.toLowerCase());
    if (!user) return problem(c, 404, `${login} is not a user`);
    const role = roleOf(state, opened.repo, user.login);
    const folded = role === 'maintain' ? 'write' : role === 'triage' ? 'read' : role;
    const roleName = state.rules.roleNames.get(user.login) ?? role;
    return c.json({
      permission: folded,
      role_name: roleName,
      user: { ...formatUser(user, state.url), role_name: roleName },
    });
  });
}

function subjectKey(c: Context<HostEnv>, repo: RepoRow, subject: string): string {
  return `${repo.id}/${subject.replace(':number', c.req.param('number') ?? '')}`;
}

function subjectExists(
  c: Context<HostEnv>,
  state: HostState,
  where: { repo: RepoRow; subject: string },
): boolean {
  const number = Number(c.req.param('number'));
  if (where.subject.includes('comments')) return state.store.comments.get(number)?.repo_id === where.repo.id;
  return state.store.issues.findBy('repo_id', where.repo.id).some((row) => row.number === number);
}

function createReaction(c: Context<HostEnv>, state: HostState, subject: string): Response {
  const opened = openRepo(c, state, { permission: 'issues', level: 'write' });
  if ('denied' in opened) return opened.denied;
  if (!subjectExists(c, state, { repo: opened.repo, subject })) return problem(c, 404, 'Not Found');
  const body = ReactionBody.safeParse(c.get('json'));
  if (!body.success) return problem(c, 422, 'Validation Failed');
  const user = state.store.users.findOneBy('login', c.get('actor').login);
  if (!user) return problem(c, 401, 'Bad credentials');
  const key = subjectKey(c, opened.repo, subject);
  const content = body.data.content;
  const same = state.reactions.find(
    (it) => it.subject === key && it.userId === user.id && it.content === content,
  );
  if (same) return c.json(format(state, same), 200);
  const created = {
    id: state.reactions.length + 1,
    subject: key,
    userId: user.id,
    content,
    createdAt: new Date(state.now()).toISOString(),
  };
  state.reactions.push(created);
  return c.json(format(state, created), 201);
}

function listReactions(c: Context<HostEnv>, state: HostState, subject: string): Response {
  const opened = openRepo(c, state, { permission: 'issues', level: 'read' });
  if ('denied' in opened) return opened.denied;
  if (!subjectExists(c, state, { repo: opened.repo, subject })) return problem(c, 404, 'Not Found');
  const key = subjectKey(c, opened.repo, subject);
  const content = c.req.query('content');
  const { page, perPage } = paging(c);
  const rows = state.reactions.filter((it) => it.subject === key && (!content || it.content === content));
  return c.json(rows.slice((page - 1) * perPage, page * perPage).map((row) => format(state, row)));
}

function format(state: HostState, reaction: Reaction): Record<string, unknown> {
  const user = state.store.users.get(reaction.userId);
  return {
    id: reaction.id,
    node_id: `REA_${reaction.id}`,
    user: user ? formatUser(user, state.url) : null,
    content: reaction.content,
    created_at: reaction.createdAt,
  };
}
