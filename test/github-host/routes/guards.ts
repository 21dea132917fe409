/** Rules of GitHub's that the emulator does not hold: they refuse, or complete what it then does. */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { forward, verificationOf } from '../forward.ts';
import { findCommit } from '../git-objects.ts';
import { findRepo, type HostEnv, type HostState, roleOf } from '../host-state.ts';
import { findRef } from '../refs.ts';
import type { RepoRow } from '../store.ts';
import { openRepo, problem } from './app-routes.ts';
import { isWorkflowPath, mayWriteWorkflows, refRefusal } from './ref-rules.ts';

/** Registers the guards; each forwards what it lets through. */
export function guardRoutes(app: Hono<HostEnv>, state: HostState): void {
  app.post('/repos/:owner/:repo/git/trees', (c) => guardTree(c, state));
  app.post('/repos/:owner/:repo/git/commits', (c) => signCommit(c, state));
  app.post('/repos/:owner/:repo/git/refs', (c) => guardRef(c, state));
  app.patch('/repos/:owner/:repo/git/refs/:ref{.+}', (c) => guardRef(c, state));
  app.post('/repos/:owner/:repo/pulls', (c) => guardPull(c, state));
  app.post('/repos/:owner/:repo/issues', (c) => dropLabels(c, state));
  app.post('/repos/:owner/:repo/issues/:number/labels', (c) => needTriage(c, state));
  app.post('/repos/:owner/:repo/issues/:number/comments', (c) => boundText(c, state));
  app.patch('/repos/:owner/:repo/issues/comments/:number', (c) => boundText(c, state));
  app.post('/app/installations/:id/access_tokens', (c) => mintToken(c, state));
}

const TreeBody = z.looseObject({ tree: z.array(z.looseObject({ path: z.string() })) });

function guardTree(c: Context<HostEnv>, state: HostState): Response | Promise<Response> {
  const body = TreeBody.safeParse(c.get('json'));
  const workflow = body.success && body.data.tree.some((item) => isWorkflowPath(item.path));
  if (workflow && !mayWriteWorkflows(c.get('actor')))
    return problem(c, 403, 'Resource not accessible by integration');
  return forward(c, state);
}

const CommitBody = z.looseObject({
  author: z.unknown().optional(),
  committer: z.unknown().optional(),
  signature: z.unknown().optional(),
});
const Created = z.looseObject({ sha: z.string() });

/** GitHub signs what an App commits in its own name: no author, no committer, no signature given. */
async function signCommit(c: Context<HostEnv>, state: HostState): Promise<Response> {
  const body = CommitBody.safeParse(c.get('json'));
  if (!body.success) return forward(c, state);
  const actor = c.get('actor');
  const { author, committer, signature } = body.data;
  const own = actor.kind === 'installation' && !author && !committer && !signature;
  const bot = state.store.users.findOneBy('login', actor.login);
  const date = new Date(state.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const asApp = { name: actor.login, email: `${bot?.id ?? 0}+${actor.login}@users.noreply.github.com`, date };
  const asGithub = { name: 'GitHub', email: 'noreply@github.com', date };
  const sent = own ? { ...body.data, author: asApp, committer: asGithub } : undefined;
  const answer = await forward(c, state, sent);
  if (!own || answer.status !== 201) return answer;
  const created = Created.parse(await answer.clone().json());
  state.verified.set(created.sha, date);
  return c.json({ ...created, verification: verificationOf(state, created.sha) }, 201);
}

const RefBody = z.looseObject({ ref: z.string().optional(), sha: z.string() });

function guardRef(c: Context<HostEnv>, state: HostState): Response | Promise<Response> {
  const opened = openRepo(c, state, { permission: 'contents', level: 'write' });
  if ('denied' in opened) return opened.denied;
  const body = RefBody.safeParse(c.get('json'));
  if (!body.success) return forward(c, state);
  const name = body.data.ref ?? `refs/${c.req.param('ref') ?? ''}`;
  if (!findCommit(state.store, opened.repo, body.data.sha)) return problem(c, 422, 'Object does not exist');
  const refusal = refRefusal(state, c.get('actor'), { repo: opened.repo, name, sha: body.data.sha });
  return refusal ? problem(c, refusal.status, refusal.message) : forward(c, state);
}

const PullBody = z.looseObject({ head: z.string(), base: z.string(), draft: z.boolean().optional() });

function guardPull(c: Context<HostEnv>, state: HostState): Response | Promise<Response> {
  const opened = openRepo(c, state, { permission: 'pull_requests', level: 'write' });
  if ('denied' in opened) return opened.denied;
  const body = PullBody.safeParse(c.get('json'));
  if (!body.success) return problem(c, 422, 'Validation Failed');
  if (body.data.draft === true && state.rules.draftsRefused)
    return problem(c, 422, 'Draft pull requests are not supported in this repository.');
  const message = pullProblem(state, opened.repo, body.data);
  return message === null ? forward(c, state) : problem(c, 422, `Validation Failed: ${message}`);
}

function pullProblem(state: HostState, repo: RepoRow, body: { head: string; base: string }): string | null {
  const head = body.head.split(':').at(-1) ?? '';
  const from = findRef(state.store, repo, `refs/heads/${head}`);
  const to = findRef(state.store, repo, `refs/heads/${body.base}`);
  if (!from || !to) return from ? 'base is invalid' : 'head is invalid';
  const open = state.store.pullRequests
    .findBy('repo_id', repo.id)
    .some((pull) => pull.state === 'open' && pull.head_ref === head && pull.base_ref === body.base);
  if (open) return `A pull request already exists for ${repo.full_name.split('/')[0]}:${head}.`;
  return from.sha === to.sha ? `No commits between ${body.base} and ${head}` : null;
}

/** Who lacks triage cannot set labels while opening an issue: GitHub drops them silently. */
function dropLabels(c: Context<HostEnv>, state: HostState): Promise<Response> {
  const body = z.looseObject({}).safeParse(c.get('json'));
  if (!body.success || !('labels' in body.data) || mayLabel(c, state)) return forward(c, state);
  const { labels: _labels, ...rest } = body.data;
  return forward(c, state, rest);
}

function needTriage(c: Context<HostEnv>, state: HostState): Response | Promise<Response> {
  return mayLabel(c, state) ? forward(c, state) : problem(c, 403, 'Must have triage rights to Repository.');
}

function mayLabel(c: Context<HostEnv>, state: HostState): boolean {
  const actor = c.get('actor');
  if (actor.kind !== 'user') return true;
  const repo = findRepo(state, c.req.param('owner') ?? '', c.req.param('repo') ?? '');
  return repo !== undefined && !['read', 'none'].includes(roleOf(state, repo, actor.login));
}

const TextBody = z.looseObject({ body: z.string().max(65_536) });

function boundText(c: Context<HostEnv>, state: HostState): Response | Promise<Response> {
  if (TextBody.safeParse(c.get('json')).success) return forward(c, state);
  return problem(c, 422, 'Validation Failed: body is too long (maximum is 65536 characters)');
}

const Minted = z.looseObject({ token: z.string(), expires_at: z.string() });

async function mintToken(c: Context<HostEnv>, state: HostState): Promise<Response> {
  const id = Number(c.req.param('id'));
  const row = state.store.appInstallations.all().find((it) => it.installation_id === id);
  if (row?.suspended_at) return problem(c, 403, 'This installation has been suspended');
  const answer = await forward(c, state);
  if (answer.status !== 201) return answer;
  const minted = Minted.parse(await answer.clone().json());
  state.tokenExpiries.set(minted.token, Date.parse(minted.expires_at));
  return answer;
}
