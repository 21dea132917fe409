import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitReadEndpoints } from '../../../src/gateway/git-read/git-read.ts';
import { createGitUpstream } from '../../../src/gateway/git-read/git-upstream.ts';
import { DELIMITER, FLUSH, pktLine } from '../../../src/gateway/git-read/pkt-line.ts';
import { sandboxRoutes } from '../../../src/gateway/sandbox-routes.ts';
import { openGatewayServer } from '../../../src/gateway/server.ts';
import { GATEWAY_PATHS } from '../../../src/result/contract/gateway-api.ts';
import { systemRandom } from '../../../src/shared/ids.ts';
import { createLog } from '../../../src/shared/log.ts';
import { createSecretBox } from '../../../src/shared/secret-box.ts';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { insertRunningRound } from '../../builders/running-job.ts';
import { buildPin } from '../../builders/task-row.ts';
import { serveGit } from '../../fixtures/git-http-backend.ts';
import { git, makeBareRepository } from '../../fixtures/git-repository.ts';
import { openTestStore } from '../../fixtures/test-store.ts';
import { gatewayDeps, refusalReasons } from '../gateway-fixture.ts';

const TOKEN = 'ghs_installation-token-of-the-test';
const UPLOAD_PACK = `${GATEWAY_PATHS.git}/git-upload-pack`;
const secretBox = createSecretBox(new Uint8Array(32).fill(7), systemRandom);
const log = createLog('silent');

/** A gateway over HTTP in front of a repository, and a task that is pinned to its base commit. */
async function openProxy(store: OpenStore, format: 'sha1' | 'sha256', maxPackBytes = 1024 ** 2) {
  const repository = await makeBareRepository(format);
  const upstream = await serveGit(repository.root, TOKEN);
  const endpoints = gitReadEndpoints({
    fetchPack: createGitUpstream({ baseUrl: upstream.url, fetch }),
    secretBox,
    maxPackBytes,
    packTimeoutMs: 60_000,
  });
  const routes = sandboxRoutes(gatewayDeps(store.db), endpoints);
  const server = await openGatewayServer(
    { sandboxRoutes: routes, modelRoutes: routes, log },
    { tcp: { host: '127.0.0.1', port: 0 } },
  );
  const { taskId, work } = await insertRunningRound(store.db, {
    pin: JSON.stringify(buildPin({ baseSha: repository.baseSha })),
  });
  const sealed = secretBox.seal(TOKEN, work.name);
  await store.db.updateTable('job').set({ git_token: sealed }).where('name', '=', work.name).execute();
  const scratch = await mkdtemp(join(tmpdir(), 'glovebox-clone-'));
  const url = `http://127.0.0.1:${server.port}${GATEWAY_PATHS.git}`;
  return {
    repository,
    upstream,
    server,
    taskId,
    work,
    scratch,
    url,
    close: async () => {
      await Promise.all([server.close(0), upstream.close(), repository.remove()]);
      await rm(scratch, { recursive: true });
    },
  };
}

/** Environment by which git sends a phase's token, as the runner does: nothing of it is left in `.git/config`. */
function withToken(token: string): Record<string, string> {
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: Bearer ${token}`,
  };
}

describe('the git read proxy before a real http-backend', () => {
  let store: OpenStore;
  let proxy: Awaited<ReturnType<typeof openProxy>>;
  beforeAll(async () => {
    store = await openTestStore('pglite');
    proxy = await openProxy(store, 'sha1');
  });
  afterAll(async () => {
    await proxy.close();
    await store.close();
  });
  const env = (): Record<string, string> => withToken(proxy.work.tokens.fetch);

  it('serves a clone of the recorded commit, one deep, with the token that the sandbox never sees', async () => {
    const folder = join(proxy.scratch, 'clone');
    await git(['clone', '-q', '--depth', '1', proxy.url, folder], proxy.scratch, env());
    expect(await git(['rev-parse', 'HEAD'], folder)).toBe(proxy.repository.baseSha);
    expect(await git(['log', '--format=%H'], folder)).toBe(proxy.repository.baseSha);
    expect(await git(['for-each-ref', '--format=%(refname)'], folder)).toBe(
      'refs/heads/base\nrefs/remotes/origin/HEAD\nrefs/remotes/origin/base',
    );
    expect(await readFile(join(folder, 'second.txt'), 'utf8')).toBe('second.txt\r\n');
  });

  it('INC-09: leaves no credential in the clone', async () => {
    const config = await readFile(join(proxy.scratch, 'clone', '.git', 'config'), 'utf8');
    expect(config).not.toMatch(/gbx_|ghs_|Bearer|extraheader/i);
  });

  it('INC-09, counter-test: a credential in the address is left in the clone', async () => {
    const plain = await serveGit(proxy.repository.root, TOKEN);
    try {
      const direct = `${plain.url.replace('http://', `http://x-access-token:${TOKEN}@`)}/octo-org/clock.git`;
      const folder = join(proxy.scratch, 'leaky');
      await git(['clone', '-q', '--depth', '1', direct, folder], proxy.scratch);
      expect(await readFile(join(folder, '.git', 'config'), 'utf8')).toContain(TOKEN);
    } finally {
      await plain.close();
    }
  });

  it('serves a fetch of the recorded commit by its id', async () => {
    const folder = join(proxy.scratch, 'fetched');
    await git(['init', '-q', folder], proxy.scratch);
    await git(['fetch', '-q', '--depth', '1', proxy.url, proxy.repository.baseSha], folder, env());
    expect(await git(['rev-parse', 'FETCH_HEAD'], folder)).toBe(proxy.repository.baseSha);
  });

  it('asks the upstream for packs only, always with the installation token', () => {
    const asked = proxy.upstream.seen.map(({ method, url, authorization }) => [method, url, authorization]);
    expect(new Set(asked.map(String))).toEqual(
      new Set([
        `POST,/octo-org/clock.git/git-upload-pack,Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`,
      ]),
    );
  });

  it('INC-17: refuses hidden refs, other commits, history and pushes, which plain smart HTTP serves', async () => {
    const { hiddenSha, parentSha } = proxy.repository;
    const folder = join(proxy.scratch, 'attacker');
    await git(['init', '-q', '-b', 'main', folder], proxy.scratch);
    const plain = await serveGit(proxy.repository.root, null);
    const direct = `${plain.url}/octo-org/clock.git`;
    try {
      const attacks = [
        ['fetch', '-q', '--depth', '1', 'URL', hiddenSha],
        ['fetch', '-q', '--depth', '1', 'URL', parentSha],
        ['fetch', '-q', '--depth', '1', 'URL', 'refs/pull/1/head'],
        ['fetch', '-q', '--depth', '2', 'URL', proxy.repository.baseSha],
        ['fetch', '-q', '--filter=blob:none', '--depth', '1', 'URL', parentSha],
        ['-c', 'protocol.version=0', 'fetch', '-q', '--depth', '1', 'URL', 'HEAD'],
        ['-c', 'protocol.version=0', 'ls-remote', 'URL'],
      ];
      for (const attack of attacks) {
        const at = (url: string): string[] => attack.map((part) => (part === 'URL' ? url : part));
        await expect(git(at(proxy.url), folder, env()), attack.join(' ')).rejects.toThrow();
        await expect(git(at(direct), folder), attack.join(' ')).resolves.toBeDefined();
      }
    } finally {
      await plain.close();
    }
  });

  it('INC-18: refuses a push, whatever the sandbox configures its git to', async () => {
    const folder = join(proxy.scratch, 'clone');
    const push = ['-c', `remote.origin.pushurl=${proxy.url}`, 'push', 'origin', 'HEAD:refs/heads/main'];
    await expect(git(push, folder, env())).rejects.toThrow();
    expect(await refusalReasons(store.db, proxy.taskId)).toContain('git: service');
  });

  it('INC-18, counter-test: the git server itself would take that push', async () => {
    const bare = join(proxy.repository.root, 'octo-org', 'clock.git');
    await git(['config', 'http.receivepack', 'true'], bare);
    const plain = await serveGit(proxy.repository.root, null);
    try {
      const folder = join(proxy.scratch, 'clone');
      const direct = `${plain.url}/octo-org/clock.git`;
      await git(['push', '-q', direct, 'HEAD:refs/heads/pushed'], folder);
      expect(await git(['rev-parse', 'refs/heads/pushed'], bare)).toBe(proxy.repository.baseSha);
    } finally {
      await plain.close();
    }
  });

  describe('refuses by hand-made requests', () => {
    const capabilities = ['command=fetch', 'agent=git/2', 'object-format=sha1'];
    const args = (): string[] => ['deepen 1', `want ${proxy.repository.baseSha}\n`, 'done\n'];
    const body = (lines: readonly string[], caps: readonly string[] = capabilities): string =>
      [...caps.map(pktLine), DELIMITER, ...lines.map(pktLine), FLUSH].join('');
    const post = (
      content: string | Uint8Array<ArrayBuffer>,
      change: { path?: string; method?: string; token?: string; headers?: Record<string, string> } = {},
    ): Promise<Response> =>
      fetch(new URL(change.path ?? UPLOAD_PACK, proxy.url), {
        method: change.method ?? 'POST',
        headers: {
          authorization: `Bearer ${change.token ?? proxy.work.tokens.fetch}`,
          'git-protocol': 'version=2',
          'content-type': 'application/x-git-upload-pack-request',
          ...change.headers,
        },
        ...(change.method === 'GET' ? {} : { body: content }),
      });

    it('counter-test: the request that is allowed gives a pack', async () => {
      const answer = await post(body(args()));
      expect(answer.status).toBe(200);
      expect(Buffer.from(await answer.arrayBuffer()).includes('PACK')).toBe(true);
    });

    it('counter-test: the same, compressed as git compresses large requests', async () => {
      const answer = await post(new Uint8Array(gzipSync(body(args()))), {
        headers: { 'content-encoding': 'gzip' },
      });
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    });

    it.each<[string, () => Promise<Response>, number]>([
      ['another commit', () => post(body(['deepen 1', `want ${proxy.repository.hiddenSha}`, 'done'])), 422],
      [
        'upper case',
        () => post(body(['deepen 1', `want ${proxy.repository.baseSha.toUpperCase()}`, 'done'])),
        422,
      ],
      ['a second want', () => post(body([...args(), `want ${proxy.repository.hiddenSha}`])), 422],
      ['want-ref', () => post(body([...args(), 'want-ref refs/pull/1/head'])), 422],
      ['a filter', () => post(body([...args(), 'filter blob:none'])), 422],
      ['deepen-not', () => post(body([...args(), 'deepen-not refs/heads/main'])), 422],
      ['object-info', () => post(body([`oid ${proxy.repository.hiddenSha}`], ['command=object-info'])), 422],
      [
        'a second request in the body',
        () => post(body(args()) + body([`want ${proxy.repository.hiddenSha}`])),
        422,
      ],
      ['version 0', () => post(body(args()), { headers: { 'git-protocol': 'version=0' } }), 422],
      [
        'several versions',
        () => post(body(args()), { headers: { 'git-protocol': 'version=2:version=0' } }),
        422,
      ],
      ['another content type', () => post(body(args()), { headers: { 'content-type': 'text/plain' } }), 422],
      ['another encoding', () => post(body(args()), { headers: { 'content-encoding': 'deflate' } }), 422],
      ['a query', () => post(body(args()), { path: `${UPLOAD_PACK}?x=1` }), 422],
      ['too large a body', () => post('0'.repeat(70_000)), 413],
      ['dumb HTTP', () => post('', { method: 'GET', path: `${GATEWAY_PATHS.git}/HEAD` }), 404],
      [
        'dumb objects',
        () => post('', { method: 'GET', path: `${GATEWAY_PATHS.git}/objects/info/packs` }),
        404,
      ],
      ['dumb info/refs', () => post('', { method: 'GET', path: `${GATEWAY_PATHS.git}/info/refs` }), 422],
      ['receive-pack', () => post(body(args()), { path: `${GATEWAY_PATHS.git}/git-receive-pack` }), 404],
      ['another repository', () => post(body(args()), { path: '/octo-org/secret.git/git-upload-pack' }), 404],
      [
        'climbing out',
        () => post(body(args()), { path: '/git/repo.git/../../octo-org/x.git/git-upload-pack' }),
        404,
      ],
      ['the token of phase setup', () => post(body(args()), { token: proxy.work.tokens.setup }), 403],
    ])('%s', async (_, send, status) => {
      const before = proxy.upstream.seen.length;
      const answer = await send();
      expect(answer.status).toBe(status);
      expect(await answer.text()).not.toContain(proxy.repository.hiddenSha);
      expect(proxy.upstream.seen.length).toBe(before);
    });

    it('a gzip bomb, at the bound', async () => {
      const bomb = new Uint8Array(gzipSync(Buffer.alloc(40 * 1024 * 1024, '0')));
      expect(bomb.length).toBeLessThan(64 * 1024);
      const answer = await post(bomb, { headers: { 'content-encoding': 'gzip' } });
      expect(answer.status).toBe(413);
    });

    it('more packs than a clone and its repeats need', async () => {
      const statuses: number[] = [];
      for (let count = 0; count < 11; count += 1) {
        const answer = await post(body(args()));
        await answer.arrayBuffer();
        statuses.push(answer.status);
      }
      expect(statuses.at(-1)).toBe(409);
    });
  });
});

describe('the git read proxy', () => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterAll(() => store.close());

  it('serves SHA-256 repositories to a client that knows them', async () => {
    const proxy = await openProxy(store, 'sha256');
    try {
      const folder = join(proxy.scratch, 'clone');
      await git(['init', '-q', '--object-format=sha256', folder], proxy.scratch);
      const env = withToken(proxy.work.tokens.fetch);
      await git(['fetch', '-q', '--depth', '1', proxy.url, proxy.repository.baseSha], folder, env);
      expect(await git(['rev-parse', 'FETCH_HEAD'], folder)).toBe(proxy.repository.baseSha);
    } finally {
      await proxy.close();
    }
  });

  it('INC-01: no token of a sandbox writes, and with a write credential in it the same push would (counter-test)', async () => {
    const proxy = await openProxy(store, 'sha1');
    try {
      // The server takes pushes of whoever holds the installation token: nothing but the sandbox's emptiness is in the way.
      const bare = join(proxy.repository.root, 'octo-org', 'clock.git');
      await git(['config', 'http.receivepack', 'true'], bare);
      const folder = join(proxy.scratch, 'obedient-agent');
      const { fetch: fetchToken, ...later } = proxy.work.tokens;
      await git(['clone', '-q', '--depth', '1', proxy.url, folder], proxy.scratch, withToken(fetchToken));
      await git(['commit', '-q', '--allow-empty', '-m', 'as the issue says'], folder);
      const wanted = await git(['rev-parse', 'HEAD'], folder);
      const push = (url: string, env = {}) => git(['push', '-q', url, 'HEAD:refs/heads/main'], folder, env);
      const direct = `${proxy.upstream.url}/octo-org/clock.git`;
      const main = () => git(['rev-parse', 'refs/heads/main'], bare);

      for (const token of [fetchToken, ...Object.values(later)]) {
        await expect(push(proxy.url, withToken(token))).rejects.toThrow();
        await expect(push(direct, withToken(token))).rejects.toThrow();
      }
      expect(await main()).toBe(proxy.repository.baseSha);

      // Counter-test: an agent that runs beside a write credential, as in a workflow with `contents: write`.
      await push(direct.replace('http://', `http://x-access-token:${TOKEN}@`));
      expect(await main()).toBe(wanted);
    } finally {
      await proxy.close();
    }
  });

  it('cuts a pack that is larger than its bound, so that the clone fails', async () => {
    const proxy = await openProxy(store, 'sha1', 100);
    try {
      const clone = ['clone', '-q', '--depth', '1', proxy.url, join(proxy.scratch, 'clone')];
      await expect(git(clone, proxy.scratch, withToken(proxy.work.tokens.fetch))).rejects.toThrow();
    } finally {
      await proxy.close();
    }
  });

  it('is over once setup has begun: a token that was smuggled on opens nothing', async () => {
    const proxy = await openProxy(store, 'sha1');
    try {
      const asSetup = await fetch(new URL(GATEWAY_PATHS.spec, proxy.url), {
        headers: { authorization: `Bearer ${proxy.work.tokens.setup}` },
      });
      expect(asSetup.status).toBe(200);
      const clone = ['clone', '-q', '--depth', '1', proxy.url, join(proxy.scratch, 'clone')];
      await expect(git(clone, proxy.scratch, withToken(proxy.work.tokens.fetch))).rejects.toThrow(/403/);
      expect(await refusalReasons(store.db, proxy.taskId)).toContain('phase-over');
    } finally {
      await proxy.close();
    }
  });
});
