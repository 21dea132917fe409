/** Requests that no git makes, by hand against the git read proxy: each is refused before the upstream hears of it. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELIMITER, FLUSH, pktLine } from '../../../src/gateway/git-read/pkt-line.ts';
import { GATEWAY_PATHS } from '../../../src/result/contract/gateway-api.ts';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { type GitProxy, openGitProxy } from '../../fixtures/git-proxy.ts';
import { openTestStore } from '../../fixtures/test-store.ts';

const UPLOAD_PACK = `${GATEWAY_PATHS.git}/git-upload-pack`;

describe('the git read proxy refuses by hand-made requests', () => {
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
    ['dumb objects', () => post('', { method: 'GET', path: `${GATEWAY_PATHS.git}/objects/info/packs` }), 404],
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
