/**
 * Git over HTTP: the store's objects are written as loose objects into a bare repository, which `git http-backend` serves.
 * Reading only; a token must be good for the repository's contents.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { blobBytes, commitContent, treeContent } from './git-objects.ts';
import { findRepo, type HostState, mayTouch } from './host-state.ts';
import type { Actor } from './identity.ts';
import type { RepoRow, Store } from './store.ts';

const ROUTE = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

/** True for a request that this server answers. */
export function isGitRequest(path: string): boolean {
  return ROUTE.test(path);
}

/** Answers one git request; the bare repositories lie in `folder`. Resolves with the status once the answer is out. */
export async function serveGit(
  host: { readonly state: HostState; readonly folder: string; readonly actor: Actor },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  const url = new URL(request.url ?? '/', host.state.url);
  const [, owner = '', name = '', action = ''] = ROUTE.exec(url.pathname) ?? [];
  const repo = findRepo(host.state, owner, name);
  const refusal = refuse(host, repo, { action, service: url.searchParams.get('service') });
  if (refusal !== null || !repo) return deny(response, refusal ?? 404);
  const bare = exportRepository(host.state.store, repo, host.folder);
  return runBackend({ request, response, url, bare, action });
}

function refuse(
  host: { readonly state: HostState; readonly actor: Actor },
  repo: RepoRow | undefined,
  want: { readonly action: string; readonly service: string | null },
): number | null {
  if (host.actor.kind === 'refused') return 401;
  const readable =
    repo !== undefined && mayTouch(host.state, host.actor, { repo, permission: 'contents', level: 'read' });
  if (!readable) return host.actor.kind === 'anonymous' ? 401 : 404;
  return want.action === 'git-receive-pack' || want.service === 'git-receive-pack' ? 403 : null;
}

function deny(response: ServerResponse, status: number): number {
  const headers = status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {};
  response.writeHead(status, { 'content-type': 'text/plain', ...headers });
  response.end(status === 404 ? 'Repository not found.\n' : 'Refused.\n');
  return status;
}

/** Brings the bare repository up to date with the store; answers its folder. */
function exportRepository(store: Store, repo: RepoRow, folder: string): string {
  const bare = join(folder, `${repo.full_name}.git`);
  mkdirSync(join(bare, 'objects'), { recursive: true });
  mkdirSync(join(bare, 'refs'), { recursive: true });
  writeFileSync(join(bare, 'HEAD'), `ref: refs/heads/${repo.default_branch}\n`);
  writeFileSync(
    join(bare, 'config'),
    '[core]\n\trepositoryformatversion = 0\n\tbare = true\n[uploadpack]\n\tallowAnySHA1InWant = true\n\tallowFilter = true\n',
  );
  for (const row of store.blobs.findBy('repo_id', repo.id))
    writeObject(bare, row.sha, 'blob', () => blobBytes(row));
  for (const row of store.trees.findBy('repo_id', repo.id))
    writeObject(bare, row.sha, 'tree', () => treeContent(row.tree));
  for (const row of store.commits.findBy('repo_id', repo.id))
    writeObject(bare, row.sha, 'commit', () => commitContent(row));
  writeRefs(store, repo, bare);
  return bare;
}

function writeObject(bare: string, sha: string, type: string, content: () => Buffer): void {
  const path = join(bare, 'objects', sha.slice(0, 2), sha.slice(2));
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  const bytes = content();
  writeFileSync(path, deflateSync(Buffer.concat([Buffer.from(`${type} ${bytes.byteLength}\0`), bytes])));
}

/** All references in one packed file, rewritten whole; pull requests have theirs, as on GitHub. */
function writeRefs(store: Store, repo: RepoRow, bare: string): void {
  const pulls = store.pullRequests.findBy('repo_id', repo.id);
  const lines = [
    ...store.refs.findBy('repo_id', repo.id).map((row) => `${row.sha} ${row.ref}`),
    ...pulls.map((pull) => `${pull.head_sha} refs/pull/${pull.number}/head`),
  ].sort((a, b) => (a.slice(41) < b.slice(41) ? -1 : 1));
  rmSync(join(bare, 'packed-refs'), { force: true });
  writeFileSync(
    join(bare, 'packed-refs'),
    `# pack-refs with: peeled fully-peeled sorted \n${lines.join('\n')}\n`,
  );
}

function runBackend(parts: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly bare: string;
  readonly action: string;
}): Promise<number> {
  const { request, response, url, bare, action } = parts;
  const header = (name: string): string => String(request.headers[name] ?? '');
  const child = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROJECT_ROOT: bare,
      PATH_INFO: `/${action}`,
      REQUEST_METHOD: request.method ?? 'GET',
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: header('content-length'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      GIT_PROTOCOL: header('git-protocol'),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  response.on('close', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    let status = 0;
    let head = Buffer.alloc(0);
    child.on('error', reject);
    child.stdout.on('data', (chunk: Buffer) => {
      if (status > 0) return response.write(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      status = writeCgiHead(response, head.subarray(0, end).toString('latin1'));
      return response.write(head.subarray(end + 4));
    });
    child.on('close', () => {
      if (status === 0) status = deny(response, 500);
      else response.end();
      resolve(status);
    });
  });
}

function writeCgiHead(response: ServerResponse, head: string): number {
  let status = 200;
  for (const line of head.split('\r\n')) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    const value = line.slice(at + 1).trim();
    if (name === 'status') status = Number.parseInt(value, 10);
    else if (at > 0) response.setHeader(name, value);
  }
  response.writeHead(status);
  return status;
}
