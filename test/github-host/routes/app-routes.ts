/** The App's own endpoints that the emulator lacks: revoking a token, its repositories, webhook deliveries. */
import type { Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type HostEnv, type HostState, mayTouch } from '../host-state.ts';
import { readToken } from '../identity.ts';
import type { Delivery } from '../webhook-sender.ts';

/** Registers the routes. */
export function appRoutes(app: Hono<HostEnv>, state: HostState): void {
  app.delete('/installation/token', (c) => {
    if (c.get('actor').kind !== 'installation') return problem(c, 401, 'Bad credentials');
    const token = readToken(c.req.header('authorization') ?? '');
    state.emulator.tokens.delete(token);
    return c.body(null, 204);
  });
  app.get('/installation/repositories', (c) => {
    const actor = c.get('actor');
    if (actor.kind !== 'installation') return problem(c, 403, 'Resource not accessible by integration');
    const { owner } = actor;
    const all = owner.repositorySelection === 'all';
    const rows = state.store.repos
      .all()
      .filter((repo) => repo.owner_id === owner.accountId && repo.owner_type === 'Organization')
      .filter((repo) => all || owner.repositoryIds.includes(repo.id));
    const repositories = rows.map(({ id, node_id, name, full_name, private: hidden, default_branch }) => {
      const [login = ''] = full_name.split('/');
      return { id, node_id, name, full_name, private: hidden, default_branch, owner: { login } };
    });
    const { page, perPage } = paging(c);
    const shown = repositories.slice((page - 1) * perPage, page * perPage);
    return c.json({
      total_count: rows.length,
      repository_selection: owner.repositorySelection,
      repositories: shown,
    });
  });
  deliveryRoutes(app, state);
}

function deliveryRoutes(app: Hono<HostEnv>, state: HostState): void {
  app.use('/app/hook/*', async (c, next) => {
    if (c.get('actor').kind !== 'app') return problem(c, 401, 'A JSON web token could not be decoded');
    await next();
    return undefined;
  });
  app.get('/app/hook/config', (c) => {
    const { url = '' } = state.sender.target() ?? {};
    return c.json({ content_type: 'json', insecure_ssl: '0', secret: '********', url });
  });
  app.get('/app/hook/deliveries', (c) => {
    const { perPage } = paging(c);
    const status = c.req.query('status');
    const rows = state.sender.deliveries.filter(
      (row) => !status || row.status_code >= 400 === (status === 'failure'),
    );
    const from = Number(c.req.query('cursor') ?? '0');
    const next = from + perPage;
    if (next < rows.length) {
      const url = new URL(c.req.path, state.url);
      url.searchParams.set('per_page', String(perPage));
      url.searchParams.set('cursor', String(next));
      c.header('link', `<${url.href}>; rel="next"`);
    }
    return c.json(rows.slice(from, next).map(summary));
  });
  app.get('/app/hook/deliveries/:id', (c) => {
    const row = state.sender.deliveries.find((it) => it.id === Number(c.req.param('id')));
    return row ? c.json(row) : problem(c, 404, 'Not Found');
  });
  app.post('/app/hook/deliveries/:id/attempts', (c) => {
    const done = state.sender.redeliver(Number(c.req.param('id')));
    return done ? c.json({}, 202) : problem(c, 404, 'Not Found');
  });
}

function summary(row: Delivery): Omit<Delivery, 'request' | 'response' | 'url'> {
  const { request: _request, response: _response, url: _url, ...rest } = row;
  return rest;
}

/** Page and page size as GitHub reads them. */
export function paging(c: Context<HostEnv>): { readonly page: number; readonly perPage: number } {
  const perPage = Math.min(100, Math.max(1, Number(c.req.query('per_page') ?? '30') || 30));
  return { page: Math.max(1, Number(c.req.query('page') ?? '1') || 1), perPage };
}

/** An error as GitHub words it. */
export function problem(c: Context<HostEnv>, status: ContentfulStatusCode, message: string): Response {
  return c.json(
    { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
    status,
  );
}

/** The repository of the route, where the actor may do this; the response to send where not. */
export function openRepo(
  c: Context<HostEnv>,
  state: HostState,
  want: { readonly permission: string; readonly level: 'read' | 'write' },
): { readonly repo: ReturnType<HostState['store']['repos']['all']>[number] } | { readonly denied: Response } {
  const full = `${c.req.param('owner')}/${c.req.param('repo')}`.toLowerCase();
  const repo = state.store.repos.all().find((row) => row.full_name.toLowerCase() === full);
  const actor = c.get('actor');
  const visible =
    repo && (mayTouch(state, actor, { repo, permission: 'metadata', level: 'read' }) || !repo.private);
  if (!repo || !visible) return { denied: problem(c, 404, 'Not Found') };
  if (mayTouch(state, actor, { repo, ...want })) return { repo };
  const message =
    actor.kind === 'installation'
      ? 'Resource not accessible by integration'
      : 'Must have write rights to Repository.';
  return { denied: problem(c, 403, message) };
}
