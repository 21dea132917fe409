/** Two whole gateways, as on Kubernetes, on one PostgreSQL: what one of them learns binds the other. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningGateway, startGateway } from '../../src/cmd/gateway-process.ts';
import { anthropicUpstream } from '../../src/gateway/model/anthropic-upstream.ts';
import { createTokenReviewIdentity } from '../../src/gateway/token-review-identity.ts';
import { readConversation } from '../../src/gateway/transcript/read-conversation.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import { createLog } from '../../src/shared/log.ts';
import { createSecretBox } from '../../src/shared/secret-box.ts';
import { openDatabase } from '../../src/task/open-database.ts';
import { requestAbort } from '../../src/task/store/request-abort.ts';
import { buildAdmin } from '../builders/admin-config.ts';
import { buildAttemptConfig } from '../builders/attempt-config.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { buildPin } from '../builders/task-row.ts';
import { type FakeAnthropic, startFakeAnthropic } from '../fakes/fake-anthropic.ts';
import { FakeTokenReviews } from '../fakes/fake-token-reviews.ts';
import { question } from '../fixtures/model-gateway.ts';
import { openTestStore, postgresUrl } from '../fixtures/test-store.ts';

const NAMESPACE = 'glovebox-sandbox';
const MODEL = { model: 'claude-sonnet-4-6', max_tokens: 1_000 };
const ONE_CALL = { ...MODEL, stream: true };

/** One replica, with connections to the store of its own. */
interface Replica extends RunningGateway {
  readonly url: string;
}

describe.runIf(postgresUrl)('two replicas of the gateway', { timeout: 60_000 }, () => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let upstream: FakeAnthropic;
  let reviews: FakeTokenReviews;
  let replicas: Replica[] = [];
  beforeAll(async () => {
    store = await openTestStore('postgres');
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    upstream = await startFakeAnthropic();
    reviews = new FakeTokenReviews();
    replicas = [await open('one'), await open('two')];
  });
  afterEach(async () => {
    await Promise.all(replicas.map((replica) => replica.close(0)));
    await upstream.close();
  });

  async function open(name: string): Promise<Replica> {
    const own = await openDatabase({ kind: 'postgres', url: store.url ?? '', maxConnections: 8 });
    const client = anthropicUpstream({ baseUrl: upstream.url, apiKey: 'sk-ant-of-the-test-0123456789' });
    const gateway = await startGateway({
      db: own.db,
      admin: buildAdmin(),
      upstream: client,
      upstreamUrl: upstream.url,
      allowUnfenced: false,
      secrets: [],
      secretBox: createSecretBox(randomBytes(32), systemRandom),
      gitUrl: 'http://127.0.0.1:1',
      identity: createTokenReviewIdentity({ db: own.db, reviews, clock: systemClock }),
      socketPath: null,
      tcp: { host: '127.0.0.1', port: 0 },
      name,
      clock: systemClock,
      random: systemRandom,
      log: createLog('silent'),
    });
    let isOpen = true;
    return {
      port: gateway.port,
      url: `http://127.0.0.1:${gateway.port}`,
      close: async (graceMs, drain) => {
        if (!isOpen) return;
        isOpen = false;
        await gateway.close(graceMs, drain);
        client.close();
        await own.close();
      },
    };
  }

  const [first, second] = [() => at(0), () => at(1)];
  function at(index: number): Replica {
    const replica = replicas[index];
    if (!replica) throw new Error(`There is no replica ${index}.`);
    return replica;
  }

  /** A work job that a pod is bound to, with the tokens of that pod; the task affords `budgetNanoUsd`. */
  async function workingPod(budgetNanoUsd = 5_000_000_000n) {
    const config = buildAttemptConfig({ taskBudgetNanoUsd: String(budgetNanoUsd) });
    const pin = JSON.stringify(buildPin({ config }));
    const { taskId, work } = await insertRunningRound(store.db, { pin }, NAMESPACE);
    const uid = randomUUID();
    const token = (phase: string): string =>
      reviews.mint({
        audiences: [`glovebox-${phase}.${work.name}`],
        pod: { name: `${work.name}-x7k2p`, uid },
      });
    const tokens = { setup: token('setup'), work: token('work') };
    expect((await spec(first(), tokens.work)).status).toBe(200);
    return { taskId, name: work.name, token: tokens.work, setupToken: tokens.setup };
  }

  const spec = (replica: Replica, token: string): Promise<Response> =>
    fetch(replica.url + GATEWAY_PATHS.spec, { headers: { authorization: `Bearer ${token}` } });
  const ask = (replica: Replica, token: string, body: unknown = question(ONE_CALL)): Promise<Response> =>
    fetch(`${replica.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  /** Answers wait until it is opened. */
  function holdAnswers(): () => void {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    upstream.script({ text: 'All done.', gate: () => gate });
    return open;
  }
  const rowsOf = (taskId: string) =>
    store.db
      .selectFrom('ledger_row')
      .selectAll()
      .where('task_id', '=', taskId)
      .orderBy('created_at')
      .execute();
  const scopeOf = (taskId: string) =>
    store.db
      .selectFrom('ledger_scope')
      .selectAll()
      .where('id', '=', `task:${taskId}`)
      .executeTakeFirstOrThrow();

  it('hear one of two pods that take the spec of one job at the same time', async () => {
    for (let run = 0; run < 8; run += 1) {
      const { work } = await insertRunningRound(store.db, {}, NAMESPACE);
      const pods = ['a', 'b'].map((name) =>
        reviews.mint({
          audiences: [`glovebox-fetch.${work.name}`],
          pod: { name: `${work.name}-${name}`, uid: randomUUID() },
        }),
      );
      const answers = await Promise.all(pods.map((token, index) => spec(at(index), token)));
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 403]);
    }
  });

  it('close an earlier phase on both as soon as a later one began on one', async () => {
    const { token, setupToken } = await workingPod();
    expect((await spec(second(), token)).status).toBe(200);
    expect((await spec(second(), setupToken)).status).toBe(403);
    expect((await spec(first(), setupToken)).status).toBe(403);
  });

  it('cut a stream of one within 2 s of an abort through the other’s record, and settle it', async () => {
    const { taskId, token } = await workingPod();
    const release = holdAnswers();
    const stream = ask(second(), token).then((answer) => answer.text());
    await expect.poll(() => upstream.busy().now).toBe(1);
    const startedAt = performance.now();
    await requestAbort(store.db, taskId, 'octocat');
    await expect(stream).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await expect.poll(async () => (await scopeOf(taskId)).reserved_nano_usd).toBe(0n);
    expect((await ask(first(), token)).status).toBe(401);
    release();
  });

  it('counter-test: a stream of a task that nobody aborts goes on past that time', async () => {
    const { token } = await workingPod();
    const release = holdAnswers();
    const stream = ask(second(), token).then((answer) => answer.text());
    await expect.poll(() => upstream.busy().now).toBe(1);
    await past(2_500);
    release();
    expect(await stream).toContain('All done.');
  });

  it('wake a call that waits for money on one when the other gives money back, and never hold more than the cap', async () => {
    const probe = await workingPod();
    await (await ask(first(), probe.token)).text();
    const [row] = await rowsOf(probe.taskId);
    const cap = ((row?.reserved_nano_usd ?? 0n) * 3n) / 2n;
    const { taskId, token } = await workingPod(cap);
    const release = holdAnswers();
    const paying = ask(first(), token).then((answer) => answer.text());
    await expect.poll(() => upstream.busy().now).toBe(1);
    const waiting = ask(second(), token);
    await past(1_000);
    expect(upstream.busy()).toMatchObject({ now: 1 });
    const { reserved_nano_usd: reserved, spent_nano_usd: spent } = await scopeOf(taskId);
    expect(reserved + spent).toBeLessThanOrEqual(cap);
    release();
    await paying;
    const startedAt = performance.now();
    expect((await waiting).status).toBe(200);
    await (await waiting).text();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect((await rowsOf(taskId)).map((each) => each.gateway)).toEqual(['one', 'two']);
  });

  it('record one conversation whose turns went through both', async () => {
    const { taskId, token } = await workingPod();
    upstream.script({ text: 'It scatters.' });
    const asked = [{ role: 'user', content: 'Why is the sky blue?' }];
    await (await ask(first(), token, question({ ...MODEL, messages: asked }))).text();
    const further = [
      ...asked,
      { role: 'assistant', content: [{ type: 'text', text: 'It scatters.' }] },
      { role: 'user', content: 'What does?' },
    ];
    upstream.script({ text: 'Light.' });
    await (await ask(second(), token, question({ ...MODEL, messages: further }))).text();
    await expect.poll(async () => (await readConversation(store.db, { taskId, attempt: 1 })).length).toBe(4);
    const told = JSON.stringify(await readConversation(store.db, { taskId, attempt: 1 }));
    expect(told).toMatch(/sky blue.*It scatters.*What does.*Light\./);
  });

  it('settle what the other left: a row whose lease ran out ends at its whole reservation', async () => {
    const { taskId, token } = await workingPod();
    await (await ask(second(), token)).text();
    const [row] = await rowsOf(taskId);
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
    const end = async () => (await rowsOf(taskId)).find((each) => each.id === lost.id);
    await expect.poll(async () => (await end())?.state, { timeout: 20_000 }).toBe('bounded');
    expect(await end()).toMatchObject({ settled_nano_usd: row.reserved_nano_usd, flags: ['gateway-lost'] });
  });

  describe('while one of them leaves', () => {
    it('it says so, still takes calls for a while, and lets a stream come to its end', async () => {
      const { taskId, token } = await workingPod();
      const release = holdAnswers();
      const stream = ask(second(), token).then((answer) => answer.text());
      await expect.poll(() => upstream.busy().now).toBe(1);
      const leaving = second().close(5_000, { noticeMs: 1_500, callsMs: 20_000 });
      const health = async (path: string) => (await fetch(second().url + path)).status;
      await expect.poll(() => health('/readyz')).toBe(503);
      expect(await health('/healthz')).toBe(200);
      expect((await spec(second(), token)).status).toBe(200);
      await expect.poll(() => health('/healthz').catch(() => 'gone'), { timeout: 10_000 }).toBe('gone');
      release();
      expect(await stream).toContain('message_stop');
      await leaving;
      expect(await rowsOf(taskId)).toMatchObject([{ state: 'exact' }]);
      expect((await spec(first(), token)).status).toBe(200);
    });

    it('it cuts a stream that outlasts the grace, visibly, and leaves nothing reserved', async () => {
      const { taskId, token } = await workingPod();
      const release = holdAnswers();
      const stream = ask(second(), token).then((answer) => answer.text());
      const cut = expect(stream).rejects.toThrow();
      await expect.poll(() => upstream.busy().now).toBe(1);
      await second().close(5_000, { noticeMs: 0, callsMs: 200 });
      await cut;
      expect(await rowsOf(taskId)).toMatchObject([{ state: 'bounded' }]);
      expect(await scopeOf(taskId)).toMatchObject({ reserved_nano_usd: 0n });
      release();
      upstream.script({ text: 'All done.' });
      expect(await (await ask(first(), token)).text()).toContain('All done.');
    });
  });
});

/** Resolves once that much time is over: for showing that something does not happen meanwhile. */
async function past(ms: number): Promise<void> {
  const startedAt = performance.now();
  await expect.poll(() => performance.now() - startedAt, { timeout: ms * 2 }).toBeGreaterThan(ms);
}
