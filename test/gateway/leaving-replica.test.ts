/** A gateway that is told to end while another goes on: what it still takes, what it cuts, and what it leaves in the ledger. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestStore, postgresUrl } from '../fixtures/test-store.ts';
import { askModel, askSpec, TwoGateways } from '../fixtures/two-gateways.ts';

describe.runIf(postgresUrl)('while one of two replicas leaves', { timeout: 60_000 }, () => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let gateways: TwoGateways;
  beforeAll(async () => {
    store = await openTestStore('postgres');
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    gateways = await TwoGateways.open(store);
  });
  afterEach(() => gateways.close());

  it('it says so, still takes calls for a while, and lets a stream come to its end', async () => {
    const { taskId, token } = await gateways.workingPod();
    const release = gateways.holdAnswers();
    const stream = askModel(gateways.second, token).then((answer) => answer.text());
    await expect.poll(() => gateways.upstream.busy().now).toBe(1);
    const leaving = gateways.second.close(5_000, { noticeMs: 1_500, callsMs: 20_000 });
    const health = async (path: string) => (await fetch(gateways.second.url + path)).status;
    await expect.poll(() => health('/readyz')).toBe(503);
    expect(await health('/healthz')).toBe(200);
    expect((await askSpec(gateways.second, token)).status).toBe(200);
    await expect.poll(() => health('/healthz').catch(() => 'gone'), { timeout: 10_000 }).toBe('gone');
    release();
    expect(await stream).toContain('message_stop');
    await leaving;
    expect(await gateways.rowsOf(taskId)).toMatchObject([{ state: 'exact' }]);
    expect((await askSpec(gateways.first, token)).status).toBe(200);
  });

  it('it cuts a stream that outlasts the grace, visibly, and leaves nothing reserved', async () => {
    const { taskId, token } = await gateways.workingPod();
    const release = gateways.holdAnswers();
    const stream = askModel(gateways.second, token).then((answer) => answer.text());
    const cut = expect(stream).rejects.toThrow();
    await expect.poll(() => gateways.upstream.busy().now).toBe(1);
    await gateways.second.close(5_000, { noticeMs: 0, callsMs: 200 });
    await cut;
    expect(await gateways.rowsOf(taskId)).toMatchObject([{ state: 'bounded' }]);
    expect(await gateways.scopeOf(taskId)).toMatchObject({ reserved_nano_usd: 0n });
    release();
    gateways.upstream.script({ text: 'All done.' });
    expect(await (await askModel(gateways.first, token)).text()).toContain('All done.');
  });
});
