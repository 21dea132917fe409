/** The git read proxy as a sandbox's own git uses it: the pinned commit and nothing else, no push, and no credential left behind. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GATEWAY_PATHS } from '../../../src/result/contract/gateway-api.ts';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { serveGit } from '../../fixtures/git-http-backend.ts';
import { type GitProxy, INSTALLATION_TOKEN, openGitProxy } from '../../fixtures/git-proxy.ts';
import { git } from '../../fixtures/git-repository.ts';
import { openTestStore } from '../../fixtures/test-store.ts';
import { refusalReasons } from '../gateway-fixture.ts';

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
  let proxy: GitProxy;
  beforeAll(async () => {
    store = await openTestStore('pglite');
    proxy = await openGitProxy(store);
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
    const plain = await serveGit(proxy.repository.root, INSTALLATION_TOKEN);
    try {
      const direct = `${plain.url.replace('http://', `http://x-access-token:${INSTALLATION_TOKEN}@`)}/octo-org/clock.git`;
      const folder = join(proxy.scratch, 'leaky');
      await git(['clone', '-q', '--depth', '1', direct, folder], proxy.scratch);
      expect(await readFile(join(folder, '.git', 'config'), 'utf8')).toContain(INSTALLATION_TOKEN);
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
        `POST,/octo-org/clock.git/git-upload-pack,Basic ${Buffer.from(`x-access-token:${INSTALLATION_TOKEN}`).toString('base64')}`,
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
});

describe('the git read proxy', () => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterAll(() => store.close());

  it('serves SHA-256 repositories to a client that knows them', async () => {
    const proxy = await openGitProxy(store, 'sha256');
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
    const proxy = await openGitProxy(store);
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
      await push(direct.replace('http://', `http://x-access-token:${INSTALLATION_TOKEN}@`));
      expect(await main()).toBe(wanted);
    } finally {
      await proxy.close();
    }
  });

  it('cuts a pack that is larger than its bound, so that the clone fails', async () => {
    const proxy = await openGitProxy(store, 'sha1', 100);
    try {
      const clone = ['clone', '-q', '--depth', '1', proxy.url, join(proxy.scratch, 'clone')];
      await expect(git(clone, proxy.scratch, withToken(proxy.work.tokens.fetch))).rejects.toThrow();
    } finally {
      await proxy.close();
    }
  });

  it('is over once setup has begun: a token that was smuggled on opens nothing', async () => {
    const proxy = await openGitProxy(store);
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
