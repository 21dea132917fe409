/** The runner's own client against the real gateway on a unix socket: both sides of the contract, and a restart between. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandboxRoutes } from '../../src/gateway/sandbox-routes.ts';
import { type GatewayServer, openGatewayServer } from '../../src/gateway/server.ts';
import { changeSetDigest } from '../../src/result/contract/change-set.ts';
import { createGatewayClient, type GatewayClient } from '../../src/runner/gateway/gateway-client.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createLog } from '../../src/shared/log.ts';
import { loadRound } from '../../src/task/store/load-rounds.ts';
import { buildBaseResults, buildChangeSet, buildNewResults, putEntry } from '../builders/change-set.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { openTestStore } from '../fixtures/test-store.ts';
import { gatewayDeps } from './gateway-fixture.ts';

const CHANGED = buildChangeSet(putEntry('src/a.ts'));
const DIGEST = changeSetDigest(CHANGED);

describe("the runner's client at the gateway's socket", () => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let folder: string;
  let server: GatewayServer | null = null;
  beforeAll(async () => {
    store = await openTestStore('pglite');
    folder = await mkdtemp(join(tmpdir(), 'gb-'));
    await start();
  });
  afterAll(async () => {
    await server?.close(0);
    await store.close();
    await rm(folder, { recursive: true });
  });

  async function start(): Promise<void> {
    const routes = sandboxRoutes(gatewayDeps(store.db));
    server = await openGatewayServer(
      { sandboxRoutes: routes, modelRoutes: routes, log: createLog('silent') },
      { socketPath: join(folder, 'run', 'gateway.sock') },
    );
  }

  async function clientOf(name: string, token: string): Promise<GatewayClient> {
    const tokenFile = join(folder, name);
    await writeFile(tokenFile, token);
    return createGatewayClient({
      target: { socketPath: join(folder, 'run', 'gateway.sock') },
      tokenFile,
      clock: systemClock,
      patienceMs: 20_000,
    });
  }

  it('carries a round from spec to results, through a restart of the gateway', async () => {
    const { taskId, work, verify } = await insertRunningRound(store.db);
    const worker = await clientOf('work', work.tokens.work);
    const deliverer = await clientOf('deliver', verify.tokens.deliver);
    expect((await worker.spec()).phase).toBe('work');
    const beat = { phase: 'work', state: 'running', step: 'reading', failure: null, facts: null } as const;
    expect(await worker.heartbeat(beat)).toEqual({ stop: false, verifyEnded: false });
    expect(await worker.putChangeSet(CHANGED)).toBe(DIGEST);

    await server?.close(0);
    const sealing = worker.seal({ digest: DIGEST, narrative: 'Done.', end: 'finished' });
    await start();
    expect(await sealing).toBe(DIGEST);
    await expect(worker.heartbeat(beat)).rejects.toMatchObject({ code: 'phase-closed' });

    await expect(deliverer.sealed()).rejects.toMatchObject({ code: 'conflict' });
    await deliverer.putBaseResults(buildBaseResults());
    await deliverer.putBaseResults(buildBaseResults());
    expect(await deliverer.sealed()).toEqual({
      set: { digest: DIGEST, changeSet: CHANGED, harnessPaths: [] },
    });
    await deliverer.putNewResults(buildNewResults(DIGEST));
    await expect(deliverer.sealed()).rejects.toMatchObject({ code: 'phase-closed' });
    const round = await loadRound(store.db, { taskId, attempt: 1, round: 1 });
    expect(round).toMatchObject({ sealedDigest: DIGEST, baseCells: [{}], newCells: [{}] });
  });

  it('hears that a change set is not taken, by its code', async () => {
    const { work } = await insertRunningRound(store.db);
    const worker = await clientOf('refused', work.tokens.work);
    const climbing = buildChangeSet(putEntry('../a'));
    await expect(worker.putChangeSet(climbing)).rejects.toMatchObject({ code: 'invalid' });
    const stranger = await clientOf('stranger', `${work.tokens.work}x`);
    await expect(stranger.spec()).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
