/** `glovebox gateway` as a Deployment's pod runs it: from its environment, as an account that may ask for TokenReviews. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { clusterHere, inNamespace, type TestNamespace } from '../fixtures/cluster.ts';
import { clusterTokens } from '../fixtures/cluster-tokens.ts';
import { type Running, startNode } from '../fixtures/run-process.ts';
import { openTestStore, postgresUrl } from '../fixtures/test-store.ts';

const ADMIN = `templates:
  node-24: { isolation: pod, image: 'docker.io/library/node:24-bookworm-slim' }
models:
  claude-sonnet-4-6: {}
defaultModel: claude-sonnet-4-6
budget: { perTask: 5 }
`;
const TIMEOUT_MS = 120_000;

describe.runIf(clusterHere && postgresUrl)('the gateway of a cluster', { timeout: TIMEOUT_MS }, () => {
  let namespace: TestNamespace;
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let folder: string;
  beforeAll(async () => {
    namespace = await inNamespace('identity');
    await clusterTokens().makeAccount(namespace.name, 'sandbox');
    store = await openTestStore('postgres');
    folder = mkdtempSync(join(tmpdir(), 'glovebox-gateway-'));
    writeFileSync(join(folder, 'glovebox.config.yml'), ADMIN);
  }, TIMEOUT_MS);
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await store.close();
    await namespace.close();
  }, TIMEOUT_MS);

  async function start(mayReview: boolean) {
    const account = await clusterTokens().reviewer(namespace.name, mayReview);
    const kubeconfig = join(folder, mayReview ? 'gateway' : 'powerless');
    writeFileSync(kubeconfig, account.config.exportConfig(), { mode: 0o600 });
    const port = await freePort();
    const running = startNode(['src/cmd/glovebox.ts', 'gateway'], {
      env: {
        GLOVEBOX_SANDBOX: 'kubernetes',
        GLOVEBOX_HOME: join(folder, 'home'),
        GLOVEBOX_CONFIG: join(folder, 'glovebox.config.yml'),
        GLOVEBOX_GATEWAY_PORT: String(port),
        GLOVEBOX_STORE_KEY: randomBytes(32).toString('hex'),
        DATABASE_URL: store.url ?? '',
        ANTHROPIC_API_KEY: 'sk-ant-of-the-test-0123456789',
        KUBECONFIG: kubeconfig,
      },
    });
    const url = `http://127.0.0.1:${port}`;
    const health = (path: string): Promise<number> =>
      fetch(url + path).then(
        ({ status }) => status,
        () => 0,
      );
    await expect.poll(() => health('/healthz'), { timeout: 30_000 }).toBe(200);
    return { running, url, health, close: account.close };
  }

  async function end({ child, ended }: Running): Promise<number | null> {
    child.kill('SIGTERM');
    return (await ended).code;
  }

  it('is ready, hears a pod, has no socket, and leaves in order', async () => {
    const { running, url, health, close } = await start(true);
    try {
      expect(await health('/readyz')).toBe(200);
      const { work } = await insertRunningRound(store.db, {}, namespace.name);
      const cluster = clusterTokens();
      const pod = await cluster.makePod(namespace.name, `${work.name}-x7k2p`);
      const audience = `glovebox-work.${work.name}`;
      const token = await cluster.mint({ namespace: namespace.name, name: 'sandbox' }, [audience], pod);
      const headers = { authorization: `Bearer ${token}` };
      expect((await fetch(url + GATEWAY_PATHS.spec, { headers })).status).toBe(200);
      expect(existsSync(join(folder, 'home', 'gateway'))).toBe(false);
      const ended = end(running);
      await expect.poll(() => health('/readyz')).toBe(503);
      expect(await health('/healthz')).toBe(200);
      expect(await ended).toBe(0);
    } finally {
      running.child.kill('SIGKILL');
      await close();
    }
  });

  it('is alive and not ready where its account may not ask', async () => {
    const { running, health, close } = await start(false);
    try {
      expect(await health('/readyz')).toBe(503);
      expect(await health('/healthz')).toBe(200);
      expect(await end(running)).toBe(0);
    } finally {
      running.child.kill('SIGKILL');
      await close();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}
