/** Lists that the emulator cuts short: pull requests among the issues, and comments since a moment. */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { forward } from '../forward.ts';
import type { HostEnv, HostState } from '../host-state.ts';
import type { PullRow } from '../store.ts';
import { openRepo, problem } from './app-routes.ts';
import { pullAsIssue } from './pull-as-issue-routes.ts';

const Rows = z.array(z.looseObject({ updated_at: z.string() }));

/** Registers the routes. */
export function listRoutes(app: Hono<HostEnv>, state: HostState): void {
  // The emulator's own pages lie below /_emulate; GitHub has nothing there.
  app.all('/_emulate/*', (c) => problem(c, 404, 'Not Found'));
  app.get('/repos/:owner/:repo/issues', (c) => listIssues(c, state));
  app.get('/repos/:owner/:repo/issues/:number/comments', async (c) => {
    const answer = await forward(c, state);
    const since = c.req.query('since');
    if (!answer.ok || since === undefined) return answer;
    const rows = Rows.parse(await answer.json());
    return c.json(rows.filter((row) => Date.parse(row.updated_at) >= Date.parse(since)));
  });
}

/** GitHub's issues include pull requests; who lists them has to tell them apart by `pull_request`. */
async function listIssues(c: Context<HostEnv>, state: HostState): Promise<Response> {
  const opened = openRepo(c, state, { permission: 'issues', level: 'read' });
  if ('denied' in opened) return opened.denied;
  const answer = await forward(c, state);
  if (!answer.ok || Number(c.req.query('page') ?? '1') !== 1) return answer;
  const pulls = state.store.pullRequests
    .findBy('repo_id', opened.repo.id)
    .filter((pull) => isAsked(c, state, pull))
    .map((pull) => pullAsIssue(state, pull, opened.repo.full_name));
  const rows = Rows.parse(await answer.json());
  const link = answer.headers.get('link');
  if (link !== null) c.header('link', link);
  return c.json([...pulls, ...rows]);
}

function isAsked(c: Context<HostEnv>, state: HostState, pull: PullRow): boolean {
  const wanted = c.req.query('state') ?? 'open';
  const labels = (c.req.query('labels') ?? '').split(',').filter((name) => name !== '');
  const names = pull.label_ids.flatMap((id) => state.store.labels.get(id)?.name ?? []);
  const since = c.req.query('since');
  return (
    (wanted === 'all' || pull.state === wanted) &&
    labels.every((name) => names.includes(name)) &&
    (since === undefined || Date.parse(pull.updated_at) >= Date.parse(since))
  );
}
