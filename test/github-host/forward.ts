/** Hands a request on to the emulator and turns its answer into what GitHub would say (signatures, the App's own marks). */
import type { Context } from 'hono';
import { formatApp } from './format-app.ts';
import type { HostEnv, HostState } from './host-state.ts';

/** Forwards; `body` replaces the request's own. */
export async function forward(c: Context<HostEnv>, state: HostState, body?: unknown): Promise<Response> {
  const url = new URL(c.req.url);
  const headers = new Headers();
  for (const name of ['authorization', 'accept', 'content-type']) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  const raw = c.get('rawBody');
  const sent = body === undefined ? (raw.byteLength > 0 ? raw : null) : JSON.stringify(body);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const answer = await fetch(`${state.emulator.origin}${url.pathname}${url.search}`, {
    method: c.req.method,
    headers,
    body: c.req.method === 'GET' || c.req.method === 'HEAD' ? null : sent,
    redirect: 'manual',
  });
  return asGithub(c, state, answer);
}

async function asGithub(c: Context<HostEnv>, state: HostState, answer: Response): Promise<Response> {
  const headers = new Headers(answer.headers);
  headers.delete('content-length');
  headers.delete('content-encoding');
  headers.delete('transfer-encoding');
  if (answer.status === 204 || answer.status === 304)
    return new Response(null, { status: answer.status, headers });
  if (headers.get('content-type')?.includes('application/json')) {
    const value = rewrite(state, await answer.json());
    return new Response(JSON.stringify(value), { status: answer.status, headers });
  }
  const accept = c.req.header('accept') ?? '';
  if (/vnd\.github(\.v3)?\.raw/.test(accept))
    headers.set('content-type', `${accept.split(',')[0]}; charset=utf-8`);
  return new Response(await answer.arrayBuffer(), { status: answer.status, headers });
}

/** Walks an answer and completes what the emulator leaves out. */
export function rewrite(state: HostState, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(state, item));
  if (typeof value !== 'object' || value === null) return value;
  const rewritten: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) rewritten[key] = rewrite(state, item);
  completeCommit(state, rewritten);
  if ('performed_via_github_app' in rewritten && isOurBot(state, rewritten['user']))
    rewritten['performed_via_github_app'] = formatApp(state);
  if ('check_suite' in rewritten && 'head_sha' in rewritten) rewritten['app'] = formatApp(state);
  if ('reactions' in rewritten) rewritten['reactions'] = reactionCounts(state, rewritten['reactions']);
  return rewritten;
}

function isOurBot(state: HostState, user: unknown): boolean {
  return (
    typeof user === 'object' && user !== null && 'login' in user && user.login === `${state.app.slug}[bot]`
  );
}

function completeCommit(state: HostState, value: Record<string, unknown>): void {
  const sha = value['sha'];
  if (typeof sha !== 'string') return;
  const verification = verificationOf(state, sha);
  if ('verification' in value) value['verification'] = verification;
  const commit = value['commit'];
  if (typeof commit === 'object' && commit !== null && 'verification' in commit)
    value['commit'] = { ...commit, verification };
}

/** Only commits of the Git Data API by an App, without author or committer, are signed by GitHub. */
export function verificationOf(state: HostState, sha: string): Record<string, unknown> {
  const at = state.verified.get(sha);
  if (at === undefined)
    return { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null };
  const signature = '-----BEGIN PGP SIGNATURE-----\n\nemulated\n-----END PGP SIGNATURE-----';
  return { verified: true, reason: 'valid', signature, payload: `commit ${sha}`, verified_at: at };
}

function reactionCounts(state: HostState, reactions: unknown): unknown {
  if (typeof reactions !== 'object' || reactions === null || !('url' in reactions)) return reactions;
  const match = /\/repos\/([^/]+\/[^/]+)\/(issues\/.+?)(\/reactions)?$/.exec(String(reactions.url));
  const repo = match && state.store.repos.findOneBy('full_name', match[1] ?? '');
  const rows = state.reactions.filter((row) => row.subject === `${repo?.id}/${match?.[2]}`);
  const counts: Record<string, unknown> = { ...reactions, total_count: rows.length };
  for (const row of rows) counts[row.content] = rows.filter((it) => it.content === row.content).length;
  return counts;
}
