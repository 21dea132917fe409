/** What a sandbox is told when something of ours fails: a fixed sentence, and nothing of the failure. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandboxRoutes } from '../../src/gateway/sandbox-routes.ts';
import { openGatewayServer } from '../../src/gateway/server.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import { createLog } from '../../src/shared/log.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { gatewayDeps, senderTo } from './gateway-fixture.ts';

/** As a driver of a database words it. */
const DETAIL = 'connection to 10.0.0.1 refused';
const fail = (): Promise<never> => Promise.reject(new Error(DETAIL));

describe.each(storeKinds)('a record that cannot be read on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  /** The spec of a later round, which needs a conversation that nobody can read. */
  async function askFor(routes: ReturnType<typeof sandboxRoutes>): Promise<Response> {
    const { work } = await insertRunningRound(store.db);
    await store.db
      .updateTable('round')
      .set({ follows_round: 1 })
      .where('task_id', '=', work.taskId)
      .execute();
    return senderTo(routes)('GET', GATEWAY_PATHS.spec, { token: work.tokens.work });
  }
  const brokenRoutes = () =>
    sandboxRoutes(gatewayDeps(store.db, { readConversation: fail, readFailingOutput: fail }));

  it('answers 503 when the record cannot be read, and tells nothing of it', async () => {
    const answer = await askFor(brokenRoutes());
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('10.0.0.1');
  });

  it("counter-test: the same routes with an error's own words as the answer tell the address", async () => {
    const routes = brokenRoutes();
    routes.onError((error, context) => context.text(error.message, 503));
    expect(await (await askFor(routes)).text()).toBe(DETAIL);
  });
});

describe('a defect of ours behind the server', () => {
  const modelRoutes = { fetch: fail };

  it('is answered with a fixed text', async () => {
    const server = await openGatewayServer(
      { sandboxRoutes: new Hono(), modelRoutes, log: createLog('silent') },
      { tcp: { host: '127.0.0.1', port: 0 } },
    );
    const answer = await fetch(`http://127.0.0.1:${server.port}/v1/messages`);
    expect([answer.status, await answer.text()]).toEqual([
      503,
      '{"error":{"code":"unavailable","message":"Not possible now: try again."}}',
    ]);
    await server.close(0);
  });

  it('counter-test: a listener that answers with the error tells its words', async () => {
    const errorHandler = (error: unknown): Response => new Response(String(error), { status: 503 });
    const server = createServer(
      getRequestListener(modelRoutes.fetch, { overrideGlobalObjects: false, errorHandler }),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const answer = await fetch(`http://127.0.0.1:${port}/v1/messages`);
    expect(await answer.text()).toContain(DETAIL);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
});
