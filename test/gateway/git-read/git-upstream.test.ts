/** The gateway's own call to the git server: where it may go, what it carries, and when it is cut. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { boundedStream } from '../../../src/gateway/git-read/bounded-stream.ts';
import { createGitUpstream, type PackRequest } from '../../../src/gateway/git-read/git-upstream.ts';

const PACK_TYPE = { 'content-type': 'application/x-git-upload-pack-result' };
const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
}

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
});

function packRequest(overrides: Partial<PackRequest> = {}): PackRequest {
  return {
    owner: 'octo-org',
    repo: 'clock',
    token: 'ghs_secret',
    body: Buffer.from('0000'),
    signal: new AbortController().signal,
    ...overrides,
  };
}

describe('the git upstream', () => {
  it.each([
    'https://github.com',
    'https://git.example/base/',
    'http://127.0.0.1:1',
    'http://localhost',
    'http://[::1]:2',
  ])('may be %s', (baseUrl) => expect(() => createGitUpstream({ baseUrl, fetch })).not.toThrow());

  it.each([
    'http://github.com',
    'http://127.0.0.1.example',
    'ftp://github.com',
    'file:///tmp',
    'https://user:pass@github.com',
    'https://github.com?x=1',
  ])('may not be %s, and the message holds no credential', (baseUrl) => {
    expect(() => createGitUpstream({ baseUrl, fetch })).toThrow(
      expect.objectContaining({ code: 'git-upstream-invalid', message: expect.not.stringContaining('pass') }),
    );
  });

  it('may be plain HTTP elsewhere only where somebody allowed it, and nothing else by that', () => {
    const allowed = (baseUrl: string) => () => createGitUpstream({ baseUrl, fetch, allowPlain: true });
    expect(allowed('http://demo.glovebox.svc:8080')).not.toThrow();
    expect(allowed('ftp://github.com')).toThrow();
    expect(allowed('http://user:pass@github.com')).toThrow();
  });

  it('does not follow a redirect, which would carry the token to another repository', async () => {
    const stolen: (string | undefined)[] = [];
    const thief = await serve((request, response) => {
      stolen.push(request.headers.authorization);
      response.writeHead(200, PACK_TYPE).end('PACK');
    });
    const moved = await serve((_, response) => response.writeHead(307, { location: `${thief}/x` }).end());
    const fetchPack = createGitUpstream({ baseUrl: moved, fetch });
    await expect(fetchPack(packRequest())).rejects.toMatchObject({
      code: 'unavailable',
      reason: 'git upstream answered 307',
    });
    expect(stolen).toEqual([]);
    const followed = await fetch(`${moved}/x`, { method: 'POST', headers: { authorization: 'Basic x' } });
    expect(await followed.text()).toBe('PACK'); // counter-test: a client that follows does arrive there
  });

  it.each([
    ['401', 401, PACK_TYPE],
    ['404', 404, PACK_TYPE],
    ['500', 500, PACK_TYPE],
    ['a page instead of a pack', 200, { 'content-type': 'text/html' }],
  ])('passes nothing on that is answered with %s', async (_, status, headers) => {
    const baseUrl = await serve((__, response) => response.writeHead(status, headers).end('internal text'));
    await expect(createGitUpstream({ baseUrl, fetch })(packRequest())).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('INC-07: asks for nothing under a name that could mean more than a name', async () => {
    const seen: (string | undefined)[] = [];
    const baseUrl = await serve((request, response) => {
      seen.push(request.url);
      response.writeHead(200, PACK_TYPE).end();
    });
    const fetchPack = createGitUpstream({ baseUrl, fetch });
    for (const name of ['../x', '..', '.', 'a?b=c', 'a\u3000;$(id)', 'a/b', 'a#b', 'a%2fb', '']) {
      await expect(fetchPack(packRequest({ repo: name }))).rejects.toMatchObject({ code: 'unavailable' });
      await expect(fetchPack(packRequest({ owner: name }))).rejects.toMatchObject({ code: 'unavailable' });
    }
    // counter-test: pasted into an address, such a name does lead elsewhere
    expect(new URL(`${baseUrl}/octo-org/../secret/x?.git/git-upload-pack`).pathname).toBe('/secret/x');
    await fetchPack(packRequest({ owner: 'Octo-Org', repo: '.github' }));
    expect(seen).toEqual(['/Octo-Org/.github.git/git-upload-pack']);
  });

  it('is left at once when the call is cut: the other side sees the connection close', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const baseUrl = await serve((_, response) => {
      closed = once(response, 'close');
      response.writeHead(200, PACK_TYPE).write('part');
    });
    const cutting = new AbortController();
    const pack = await createGitUpstream({ baseUrl, fetch })(packRequest({ signal: cutting.signal }));
    const reader = boundedStream(pack, 1_000).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('part');
    cutting.abort(new Error('closed'));
    await expect(reader.read()).rejects.toThrow();
    await closed;
  });

  it('is left at once when the reader leaves', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const baseUrl = await serve((_, response) => {
      closed = once(response, 'close');
      response.writeHead(200, PACK_TYPE).write('part');
    });
    const pack = await createGitUpstream({ baseUrl, fetch })(packRequest());
    const reader = boundedStream(pack, 1_000).getReader();
    await reader.read();
    await reader.cancel();
    await closed;
  });

  it('is left at the byte that is too many', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const baseUrl = await serve((_, response) => {
      closed = once(response, 'close');
      response.writeHead(200, PACK_TYPE).write('x'.repeat(2_000));
    });
    const pack = await createGitUpstream({ baseUrl, fetch })(packRequest());
    await expect(new Response(boundedStream(pack, 1_000)).text()).rejects.toMatchObject({
      code: 'answer-too-large',
    });
    await closed;
  });
});
