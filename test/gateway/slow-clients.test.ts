/** Clients that drip, leave or hold on, over real connections: none of them harms another, or keeps what it took. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitReadEndpoints } from '../../src/gateway/git-read/git-read.ts';
import type { PackRequest } from '../../src/gateway/git-read/git-upstream.ts';
import { DELIMITER, FLUSH, pktLine } from '../../src/gateway/git-read/pkt-line.ts';
import { sandboxRoutes } from '../../src/gateway/sandbox-routes.ts';
import { type GatewayServer, openGatewayServer } from '../../src/gateway/server.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import { createLog } from '../../src/shared/log.ts';
import { createSecretBox } from '../../src/shared/secret-box.ts';
import { buildChangeSet, putEntry } from '../builders/change-set.ts';
import { insertRunningRound, type RunningJob } from '../builders/running-job.ts';
import { BASE_SHA } from '../builders/task-row.ts';
import { openTestStore } from '../fixtures/test-store.ts';
import { gatewayDeps } from './gateway-fixture.ts';

/** A pack whose first bytes come and whose rest never does; tells when it was left. */
class EndlessPack {
  #leave: (how: string) => void = () => {};
  readonly left = new Promise<string>((resolve) => {
    this.#leave = resolve;
  });

  open({ signal }: PackRequest): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        controller.enqueue(Buffer.from('first bytes'));
        signal.addEventListener('abort', () => {
          this.#leave('cut');
          controller.error(signal.reason);
        });
      },
      cancel: () => this.#leave('cancelled'),
    });
  }
}

describe('slow and leaving clients', () => {
  const secretBox = createSecretBox(new Uint8Array(32), systemRandom);
  const closings = new Map<string, AbortController>();
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let server: GatewayServer;
  let pack: EndlessPack;
  let url: string;

  beforeAll(async () => {
    store = await openTestStore('pglite');
    const git = gitReadEndpoints({
      fetchPack: async (request) => pack.open(request),
      secretBox,
      maxPackBytes: 1_000_000,
      packTimeoutMs: 60_000,
    });
    const signalFor = (name: string): AbortSignal => {
      const controller = closings.get(name) ?? new AbortController();
      closings.set(name, controller);
      return controller.signal;
    };
    const routes = sandboxRoutes(gatewayDeps(store.db, { closings: { signalFor } }), git);
    server = await openGatewayServer(
      { sandboxRoutes: routes, modelRoutes: routes, log: createLog('silent') },
      { tcp: { host: '127.0.0.1', port: 0 } },
    );
    url = `http://127.0.0.1:${server.port}`;
  });
  afterAll(async () => {
    await server.close(0);
    await store.close();
  });

  const spec = async (job: RunningJob): Promise<number> =>
    (await fetch(url + GATEWAY_PATHS.spec, { headers: { authorization: `Bearer ${job.tokens.work}` } }))
      .status;

  /** A change set of which only the first bytes are sent. */
  async function halfUpload(job: RunningJob): Promise<Socket> {
    const socket = connect(server.port ?? 0, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      [
        `PUT ${GATEWAY_PATHS.changeSet} HTTP/1.1`,
        'Host: gateway',
        `Authorization: Bearer ${job.tokens.work}`,
        'Content-Type: application/json',
        'Content-Length: 20000000',
        '',
        '{"baseSha":',
      ].join('\r\n'),
    );
    return socket;
  }

  it('a job that holds all its places open waits for itself; every other job is served', async () => {
    const slow = await insertRunningRound(store.db);
    const other = await insertRunningRound(store.db);
    const sockets: Socket[] = [];
    while ((await spec(slow.work)) === 200) sockets.push(await halfUpload(slow.work));
    expect(sockets.length).toBeGreaterThanOrEqual(4);
    expect(await spec(slow.work)).toBe(503);
    expect(await spec(other.work)).toBe(200);

    for (const socket of sockets) socket.destroy();
    while ((await spec(slow.work)) !== 200);
    const answer = await fetch(url + GATEWAY_PATHS.changeSet, {
      method: 'PUT',
      headers: { authorization: `Bearer ${slow.work.tokens.work}`, 'content-type': 'application/json' },
      body: JSON.stringify(buildChangeSet(putEntry('a'))),
    });
    expect(answer.status).toBe(200);
  });

  async function openPack(): Promise<{ job: RunningJob; answer: Response; leave: AbortController }> {
    pack = new EndlessPack();
    const { work } = await insertRunningRound(store.db);
    const token = secretBox.seal('ghs_token', work.name);
    await store.db.updateTable('job').set({ git_token: token }).where('name', '=', work.name).execute();
    const leave = new AbortController();
    const answer = await askForPack(work.tokens.fetch, leave.signal);
    return { job: work, answer, leave };
  }

  function askForPack(token: string, signal?: AbortSignal): Promise<Response> {
    return fetch(`${url}${GATEWAY_PATHS.git}/git-upload-pack`, {
      method: 'POST',
      ...(signal ? { signal } : {}),
      headers: {
        authorization: `Bearer ${token}`,
        'git-protocol': 'version=2',
        'content-type': 'application/x-git-upload-pack-request',
      },
      body: [
        pktLine('command=fetch'),
        DELIMITER,
        ...['deepen 1', `want ${BASE_SHA}`, 'done'].map(pktLine),
        FLUSH,
      ].join(''),
    });
  }

  it('a client that leaves in the middle of a pack ends the call to the git server', async () => {
    const { answer, leave } = await openPack();
    await answer.body?.getReader().read();
    leave.abort();
    expect(['cut', 'cancelled']).toContain(await pack.left);
  });

  it('a job that is closed in the middle of a pack has its call cut, and the answer looks cut', async () => {
    const { job, answer } = await openPack();
    const reader = answer.body?.getReader();
    await reader?.read();
    closings.get(job.name)?.abort(new Error('closed'));
    expect(await pack.left).toBe('cut');
    await expect(reader?.read()).rejects.toThrow();
  });

  it('a job without a git token is told to try again, and nothing leaves', async () => {
    pack = new EndlessPack();
    const { work } = await insertRunningRound(store.db);
    const answer = await fetch(`${url}${GATEWAY_PATHS.git}/info/refs?service=git-upload-pack`, {
      headers: { authorization: `Bearer ${work.tokens.fetch}`, 'git-protocol': 'version=2' },
    });
    expect(answer.status).toBe(200);
    const fetched = await askForPack(work.tokens.fetch);
    expect(fetched.status).toBe(503);
    expect(fetched.headers.get('retry-after')).toBe('1');
  });
});
