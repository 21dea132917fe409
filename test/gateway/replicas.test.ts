/** Two whole gateways, as on Kubernetes, on one PostgreSQL: what one of them learns binds the other. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readConversation } from '../../src/gateway/transcript/read-conversation.ts';
import { requestAbort } from '../../src/task/store/request-abort.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { question } from '../fixtures/model-gateway.ts';
import { openTestStore, postgresUrl } from '../fixtures/test-store.ts';
import { askModel, askSpec, MODEL, NAMESPACE, TwoGateways } from '../fixtures/two-gateways.ts';

describe.runIf(postgresUrl)('two replicas of the gateway', { timeout: 60_000 }, () => {
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

  it('hear one of two pods that take the spec of one job at the same time', async () => {
    for (let run = 0; run < 8; run += 1) {
      const { work } = await insertRunningRound(store.db, {}, NAMESPACE);
      const tokenOf = (pod: string): string =>
        gateways.reviews.mint({
          audiences: [`glovebox-fetch.${work.name}`],
          pod: { name: `${work.name}-${pod}`, uid: randomUUID() },
        });
      const [one, other] = [tokenOf('a'), tokenOf('b')];
      const answers = await Promise.all([askSpec(gateways.first, one), askSpec(gateways.second, other)]);
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 403]);
    }
  });

  it('close an earlier phase on both as soon as a later one began on one', async () => {
    const { token, setupToken } = await gateways.workingPod();
    expect((await askSpec(gateways.second, token)).status).toBe(200);
    expect((await askSpec(gateways.second, setupToken)).status).toBe(403);
    expect((await askSpec(gateways.first, setupToken)).status).toBe(403);
  });

  it('cut a stream of one within 2 s of an abort through the other’s record, and settle it', async () => {
    const { taskId, token } = await gateways.workingPod();
    const release = gateways.holdAnswers();
    const stream = askModel(gateways.second, token).then((answer) => answer.text());
    await expect.poll(() => gateways.upstream.busy().now).toBe(1);
    const startedAt = performance.now();
    await requestAbort(store.db, taskId, 'octocat');
    await expect(stream).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await expect.poll(async () => (await gateways.scopeOf(taskId)).reserved_nano_usd).toBe(0n);
    expect((await askModel(gateways.first, token)).status).toBe(401);
    release();
  });

  it('counter-test: a stream of a task that nobody aborts goes on past that time', async () => {
    const { token } = await gateways.workingPod();
    const release = gateways.holdAnswers();
    const stream = askModel(gateways.second, token).then((answer) => answer.text());
    await expect.poll(() => gateways.upstream.busy().now).toBe(1);
    await past(2_500);
    release();
    expect(await stream).toContain('All done.');
  });

  it('wake a call that waits for money on one when the other gives money back, and never hold more than the cap', async () => {
    const probe = await gateways.workingPod();
    await (await askModel(gateways.first, probe.token)).text();
    const [row] = await gateways.rowsOf(probe.taskId);
    const cap = ((row?.reserved_nano_usd ?? 0n) * 3n) / 2n;
    const { taskId, token } = await gateways.workingPod(cap);
    const release = gateways.holdAnswers();
    const paying = askModel(gateways.first, token).then((answer) => answer.text());
    await expect.poll(() => gateways.upstream.busy().now).toBe(1);
    const waiting = askModel(gateways.second, token);
    await past(1_000);
    expect(gateways.upstream.busy()).toMatchObject({ now: 1 });
    const { reserved_nano_usd: reserved, spent_nano_usd: spent } = await gateways.scopeOf(taskId);
    expect(reserved + spent).toBeLessThanOrEqual(cap);
    release();
    await paying;
    const startedAt = performance.now();
    expect((await waiting).status).toBe(200);
    await (await waiting).text();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect((await gateways.rowsOf(taskId)).map((each) => each.gateway)).toEqual(['one', 'two']);
  });

  it('record one conversation whose turns went through both', async () => {
    const { taskId, token } = await gateways.workingPod();
    gateways.upstream.script({ text: 'It scatters.' });
    const asked = [{ role: 'user', content: 'Why is the sky blue?' }];
    await (await askModel(gateways.first, token, question({ ...MODEL, messages: asked }))).text();
    const further = [
      ...asked,
      { role: 'assistant', content: [{ type: 'text', text: 'It scatters.' }] },
      { role: 'user', content: 'What does?' },
    ];
    gateways.upstream.script({ text: 'Light.' });
    await (await askModel(gateways.second, token, question({ ...MODEL, messages: further }))).text();
    await expect.poll(async () => (await readConversation(store.db, { taskId, attempt: 1 })).length).toBe(4);
    const told = JSON.stringify(await readConversation(store.db, { taskId, attempt: 1 }));
    expect(told).toMatch(/sky blue.*It scatters.*What does.*Light\./);
  });

  it('settle what the other left: a row whose lease ran out ends at its whole reservation', async () => {
    const { taskId, token } = await gateways.workingPod();
    await (await askModel(gateways.second, token)).text();
    const [row] = await gateways.rowsOf(taskId);
    if (!row) throw new Error('The call left no row.');
    const lost = { ...row, id: `${row.id}x`, state: 'reserved', settled_nano_usd: null, settled_at: null };
    await store.db
      .insertInto('ledger_row')
      .values({ ...lost, usage: null, gateway: 'gone', lease_until: new Date(0) })
      .execute();
    await store.db
      .updateTable('ledger_scope')
      .set((scope) => ({ reserved_nano_usd: scope('reserved_nano_usd', '+', row.reserved_nano_usd) }))
      .where('id', 'in', row.scopes)
      .execute();
    const end = async () => (await gateways.rowsOf(taskId)).find((each) => each.id === lost.id);
    await expect.poll(async () => (await end())?.state, { timeout: 20_000 }).toBe('bounded');
    expect(await end()).toMatchObject({ settled_nano_usd: row.reserved_nano_usd, flags: ['gateway-lost'] });
  });
});

/** Resolves once that much time is over: for showing that something does not happen meanwhile. */
async function past(ms: number): Promise<void> {
  const startedAt = performance.now();
  await expect.poll(() => performance.now() - startedAt, { timeout: ms * 2 }).toBeGreaterThan(ms);
}
