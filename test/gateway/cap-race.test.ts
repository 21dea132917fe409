import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MODEL_LIMITS } from '../../src/gateway/model/model-deps.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { errorOf, question, startModelGateway, type TestGateway } from '../fixtures/model-gateway.ts';
import { openTestStore, postgresUrl } from '../fixtures/test-store.ts';

const STREAMS = 64;
const FIT = 10;
/** Under the floor of 1,024, so a call is never clamped: it fits whole or waits. */
const ASKED = 1_000;

describe.runIf(postgresUrl)('64 concurrent streams against a cap that affords 10 (PostgreSQL)', () => {
  let store: OpenStore;
  let gateways: TestGateway[] = [];
  beforeAll(async () => {
    store = await openTestStore('postgres');
  });
  afterEach(async () => {
    await Promise.all(gateways.map((gateway) => gateway.close()));
    gateways = [];
  });
  afterAll(() => store.close());

  const worst = async (): Promise<bigint> => {
    const gateway = await start('probe', 1_000_000_000_000n);
    await (await gateway.post(question({ stream: true, max_tokens: ASKED }))).text();
    const row = await store.db.selectFrom('ledger_row').select('reserved_nano_usd').executeTakeFirstOrThrow();
    return row.reserved_nano_usd;
  };

  const start = async (taskId: string, budget: bigint, waitMs = 60_000): Promise<TestGateway> => {
    const gateway = await startModelGateway(store, {
      payerOf: async () => ({
        taskId,
        repositoryId: 7,
        installationId: 9,
        team: null,
        taskBudgetNanoUsd: budget,
      }),
      limits: { ...MODEL_LIMITS, waitMs },
    });
    gateways.push(gateway);
    return gateway;
  };

  const scope = async (taskId: string) =>
    store.db
      .selectFrom('ledger_scope')
      .selectAll()
      .where('id', '=', `task:${taskId}`)
      .executeTakeFirstOrThrow();

  /** Runs all streams over two gateways (two replicas on one store), watching the cap all the while. */
  async function race(taskId: string, cap: bigint, text: string) {
    const replicas = [await start(taskId, cap), await start(taskId, cap)];
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    for (const replica of replicas) replica.upstream.script({ text, gate: () => gate });
    const watch = watchHeld(() => scope(taskId));
    const calls = Array.from({ length: STREAMS }, async (_, index) => {
      const replica = replicas[index % 2] ?? replicas[0];
      const response = await replica?.post(question({ stream: true, max_tokens: ASKED }));
      const body = await response?.text();
      return { status: response?.status, body };
    });
    const inFlight = () => replicas.reduce((sum, replica) => sum + replica.upstream.busy().now, 0);
    await expect.poll(inFlight, { timeout: 10_000 }).toBe(FIT);
    open();
    const answers = await Promise.all(calls);
    const worstSeen = await watch.stop();
    await Promise.all(replicas.map((replica) => replica.close()));
    return { answers, worstSeen };
  }

  it('lets every stream that waited succeed where the money suffices, and never holds more than the cap', async () => {
    const cap = (await worst()) * BigInt(FIT);
    const { answers, worstSeen } = await race('cheap', cap, 'All done.');
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: STREAMS }, () => 200));
    expect(worstSeen).toBeLessThanOrEqual(cap);
    expect(await scope('cheap')).toMatchObject({ reserved_nano_usd: 0n });
  });

  it('ends every other stream at a truly spent cap where it does not, with an overshoot of 0', async () => {
    const reservation = await worst();
    const cap = reservation * BigInt(FIT);
    const { answers, worstSeen } = await race('dear', cap, 'x'.repeat(8_000));
    const served = answers.filter((answer) => answer.status === 200).length;
    expect(answers.filter((answer) => answer.status === 402)).toHaveLength(STREAMS - served);
    expect(served).toBeGreaterThanOrEqual(FIT);
    const end = await scope('dear');
    expect(end.spent_nano_usd + reservation).toBeGreaterThan(cap);
    expect(end.spent_nano_usd).toBeLessThanOrEqual(cap);
    expect(worstSeen).toBeLessThanOrEqual(cap);
    expect(end.reserved_nano_usd).toBe(0n);
  });

  it('counter-test: read-then-spend without the lock overshoots the same cap', async () => {
    const id = `naive:${randomBytes(4).toString('hex')}`;
    await store.db.insertInto('ledger_scope').values({ id, cap_nano_usd: 10n }).execute();
    const naive = async (): Promise<void> => {
      const row = await store.db
        .selectFrom('ledger_scope')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      if (row.spent_nano_usd >= row.cap_nano_usd) return;
      await store.db
        .updateTable('ledger_scope')
        .set((update) => ({ spent_nano_usd: update('spent_nano_usd', '+', 1n) }))
        .where('id', '=', id)
        .execute();
    };
    await Promise.all(Array.from({ length: STREAMS }, naive));
    const end = await store.db
      .selectFrom('ledger_scope')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(end.spent_nano_usd).toBeGreaterThan(10n);
  });

  it('answers 429 with retry-after to a stream that waited in vain', async () => {
    const cap = await worst();
    const gateway = await start('vain', cap, 300);
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    gateway.upstream.script({ gate: () => gate });
    const first = gateway.post(question({ stream: true, max_tokens: ASKED }));
    await expect.poll(() => gateway.upstream.busy().now).toBe(1);
    const second = await gateway.post(question({ stream: true, max_tokens: ASKED }));
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, '15']);
    expect((await errorOf(second)).type).toBe('rate_limit_error');
    open();
    await (await first).text();
  });
});

type Held = { readonly spent_nano_usd: bigint; readonly reserved_nano_usd: bigint };

/** Reads a scope again and again; `stop` answers the most that it ever held. */
function watchHeld(read: () => Promise<Held>): { stop(): Promise<bigint> } {
  let stopped = false;
  let most = 0n;
  const watching = (async () => {
    while (!stopped) {
      const now = await read().catch(() => ({ spent_nano_usd: 0n, reserved_nano_usd: 0n }));
      const held = now.spent_nano_usd + now.reserved_nano_usd;
      if (held > most) most = held;
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await watching;
      return most;
    },
  };
}
