/** How the clients of GitHub space writes and bound them in time, against a server that notes when each arrived. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGithubClients, type GithubClients } from '../../src/cmd/github-clients.ts';
import { callGithub } from '../../src/shared/github-error.ts';
import { createLog } from '../../src/shared/log.ts';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const TOKEN = {
  token: 'a-token',
  expires_at: '2099-01-01T00:00:00Z',
  permissions: {},
  repository_selection: 'all',
};

describe('writes to GitHub', () => {
  let server: Server;
  let arrivedAtMs: number[];
  let isSilent: boolean;

  beforeEach(async () => {
    arrivedAtMs = [];
    isSilent = false;
    server = createServer((request, response) => {
      request.resume();
      response.setHeader('content-type', 'application/json');
      response.statusCode = 201;
      if (request.url?.endsWith('/access_tokens')) return void response.end(JSON.stringify(TOKEN));
      arrivedAtMs.push(performance.now());
      if (!isSilent) response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function clients(bounds: { waitMs: number; timeoutMs: number }): GithubClients {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const apiUrl = `http://127.0.0.1:${port}`;
    return createGithubClients({
      appId: 7,
      privateKey,
      apiUrl,
      log: createLog('silent'),
      throttle: true,
      ...bounds,
    });
  }

  // installations are this test's own: the spacing is the process's
  const write = (github: GithubClients, installationId: number, what = 'labels') =>
    callGithub('write', () =>
      github
        .installation(installationId)
        .request(`POST /repos/octo-org/octo-repo/issues/1/${what}`, { body: 'a text' }),
    );

  it('of many installations do not wait for one another', async () => {
    const github = clients({ waitMs: 4_000, timeoutMs: 2_000 });
    await Promise.all(Array.from({ length: 12 }, (_, at) => write(github, 100 + at, 'comments')));
    expect(arrivedAtMs).toHaveLength(12);
    expect(Math.max(...arrivedAtMs) - Math.min(...arrivedAtMs)).toBeLessThan(2_000);
  });

  it('of one installation are spaced, and their time limit begins when they are sent', async () => {
    const github = clients({ waitMs: 5_000, timeoutMs: 500 });
    await Promise.all([write(github, 200), write(github, 200), write(github, 200)]);
    const [first = 0, , third = 0] = arrivedAtMs;
    expect(third - first).toBeGreaterThan(1_500);
  });

  it('that could not be sent in time are refused at once, and take no turn from others', async () => {
    const github = clients({ waitMs: 2_000, timeoutMs: 2_000 });
    const ends = await Promise.allSettled(Array.from({ length: 20 }, () => write(github, 300)));
    const sent = ends.filter(({ status }) => status === 'fulfilled');
    expect(arrivedAtMs).toHaveLength(sent.length);
    expect(sent).toHaveLength(2);
    const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    expect(refused[0]).toMatchObject({ code: 'github-unavailable', retry: true });
    await write(github, 300);
    const [first = 0, , third = 0] = arrivedAtMs;
    expect(third - first).toBeLessThan(3_000);
  });

  it('whose turn comes too late are not sent', async () => {
    const before = clients({ waitMs: 5_000, timeoutMs: 2_000 });
    const ahead = [write(before, 400), write(before, 400), write(before, 400)];
    const late = clients({ waitMs: 1_000, timeoutMs: 2_000 });
    await expect(write(late, 400)).rejects.toMatchObject({ code: 'github-unavailable', retry: true });
    await Promise.all(ahead);
    expect(arrivedAtMs).toHaveLength(3);
  });

  it('that are not answered end with their time limit', async () => {
    isSilent = true;
    const github = clients({ waitMs: 3_000, timeoutMs: 300 });
    await expect(write(github, 500)).rejects.toMatchObject({ code: 'github-unavailable' });
    expect(arrivedAtMs).toHaveLength(1);
  });
});
