/** A pull request under its issue number, which the emulator does not answer: read it, set its labels, assignees and text. */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { forward } from '../forward.ts';
import type { HostEnv, HostState } from '../host-state.ts';
import type { PullRow } from '../store.ts';
import { openRepo, problem } from './app-routes.ts';
import { formatUser } from './format-user.ts';

const Label = z.union([z.string(), z.looseObject({ name: z.string() }).transform(({ name }) => name)]);
const Body = z.looseObject({
  title: z.string().optional(),
  body: z.string().max(65_536).nullable().optional(),
  state: z.enum(['open', 'closed']).optional(),
  labels: z.array(Label).optional(),
  assignees: z.array(z.string()).optional(),
});
type Body = z.infer<typeof Body>;

/** Registers the routes; plain issues go on to the emulator. */
export function pullAsIssueRoutes(app: Hono<HostEnv>, state: HostState): void {
  app.get('/repos/:owner/:repo/issues/:number{[0-9]+}', (c) => answer(c, state, null));
  app.patch('/repos/:owner/:repo/issues/:number{[0-9]+}', (c) => {
    const body = Body.safeParse(c.get('json'));
    return body.success ? answer(c, state, body.data) : problem(c, 422, 'Validation Failed');
  });
}

function answer(c: Context<HostEnv>, state: HostState, change: Body | null): Response | Promise<Response> {
  const level = change === null ? 'read' : 'write';
  const opened = openRepo(c, state, { permission: 'issues', level });
  if ('denied' in opened) return opened.denied;
  const number = Number(c.req.param('number'));
  const pull = state.store.pullRequests
    .findBy('repo_id', opened.repo.id)
    .find((row) => row.number === number);
  if (!pull) return forward(c, state);
  if (change) applyChange(state, pull, change);
  const full = opened.repo.full_name;
  return c.json(pullAsIssue(state, state.store.pullRequests.get(pull.id) ?? pull, full));
}

/** The pull request and its issue row carry the same facts; unknown labels are made, as GitHub does. */
function applyChange(state: HostState, pull: PullRow, change: Body): void {
  const { store } = state;
  const { labels, assignees, ...text } = change;
  const patch = {
    ...(text.title === undefined ? {} : { title: text.title }),
    ...(text.body === undefined ? {} : { body: text.body }),
    ...(text.state === undefined ? {} : { state: text.state }),
    ...(labels ? { label_ids: labels.map((name) => labelId(state, pull.repo_id, name)) } : {}),
    ...(assignees ? { assignee_ids: assignees.flatMap((login) => userId(state, login)) } : {}),
  };
  store.pullRequests.update(pull.id, patch);
  const issue = store.issues.findBy('repo_id', pull.repo_id).find((row) => row.number === pull.number);
  if (issue) store.issues.update(issue.id, patch);
}

function labelId(state: HostState, repoId: number, name: string): number {
  const known = state.store.labels.findBy('repo_id', repoId).find((row) => row.name === name);
  const fresh = { repo_id: repoId, node_id: `LA_${repoId}_${name}`, name, color: 'ededed' };
  return (known ?? state.store.labels.insert({ ...fresh, description: null, default: false })).id;
}

function userId(state: HostState, login: string): number[] {
  const user = state.store.users.findOneBy('login', login);
  return user ? [user.id] : [];
}

/** The pull request as an entry of the issues; `full` is the repository's `owner/name`. */
export function pullAsIssue(state: HostState, pull: PullRow, full: string): Record<string, unknown> {
  const { store, url } = state;
  const api = `${url}/repos/${full}`;
  const users = (ids: readonly number[]): unknown[] =>
    ids.flatMap((id) => store.users.get(id) ?? []).map((user) => formatUser(user, url));
  return {
    id: pull.id,
    node_id: pull.node_id,
    number: pull.number,
    url: `${api}/issues/${pull.number}`,
    html_url: `${url}/${full}/pull/${pull.number}`,
    title: pull.title,
    body: pull.body,
    state: pull.state,
    user: users([pull.user_id])[0] ?? null,
    labels: pull.label_ids.flatMap((id) => store.labels.get(id) ?? []),
    assignees: users(pull.assignee_ids),
    pull_request: { url: `${api}/pulls/${pull.number}` },
    created_at: pull.created_at,
    updated_at: pull.updated_at,
  };
}
