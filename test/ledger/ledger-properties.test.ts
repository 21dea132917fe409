import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recoverLost } from '../../src/ledger/recover.ts';
import { reserve } from '../../src/ledger/reserve.ts';
import { release, settle } from '../../src/ledger/settle.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { reservation, rowEnd } from '../builders/ledger.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const CAPS = { 'p:day': 60_000n, 'p:month': 150_000n, 'p:task': 40_000n } as const;
const SCOPES = Object.entries(CAPS).map(([id, capNanoUsd]) => ({ id, capNanoUsd }));

describe.each(storeKinds)('any order of reservations, settlements, releases and crashes on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  it.each([1, 2, 3])(
    'keeps spent and reserved under every cap, and settled under reserved (seed %d)',
    async (seed) => {
      const random = seeded(seed);
      const open = new Map<string, bigint>();
      for (let step = 0; step < 120; step += 1) {
        await oneStep(random, open, `s${seed}-${step}`);
        await expectSound();
      }
    },
  );

  async function oneStep(random: () => number, open: Map<string, bigint>, rowId: string): Promise<void> {
    const held = [...open.entries()][Math.floor(random() * open.size)];
    const choice = random();
    if (held === undefined || choice < 0.5) return reserveOne(random, open, rowId);
    const [id, reserved] = held;
    if (choice < 0.6) {
      await recoverLost(store.db);
      return;
    }
    open.delete(id);
    if (choice < 0.7) await release(store.db, id);
    else await settle(store.db, rowEnd(id, BigInt(Math.floor(random() * (Number(reserved) + 1)))));
  }

  /** One in ten is lost with its gateway: its lease has run out already. */
  async function reserveOne(random: () => number, open: Map<string, bigint>, rowId: string): Promise<void> {
    const scopes = SCOPES.filter((scope) => scope.id === 'p:task' || random() < 0.8);
    const leaseMs = random() < 0.1 ? -1 : 60_000;
    const askedTokens = 1 + Math.floor(random() * 5_000);
    const request = reservation({
      rowId,
      scopes,
      leaseMs,
      askedTokens,
      inputNanoUsd: BigInt(Math.floor(random() * 3_000)),
      floorTokens: Math.min(askedTokens, 1_024),
    });
    const answer = await reserve(store, request);
    if (answer.kind === 'reserved' && leaseMs > 0) open.set(rowId, answer.reservedNanoUsd);
  }

  async function expectSound(): Promise<void> {
    const rows = await store.db.selectFrom('ledger_row').selectAll().execute();
    const scopes = await store.db.selectFrom('ledger_scope').selectAll().execute();
    for (const row of rows) expect(row.settled_nano_usd ?? 0n).toBeLessThanOrEqual(row.reserved_nano_usd);
    for (const scope of scopes) {
      const mine = rows.filter((row) => row.scopes.includes(scope.id));
      const reserved = mine
        .filter((row) => row.state === 'reserved')
        .reduce((sum, row) => sum + row.reserved_nano_usd, 0n);
      const spent = mine.reduce((sum, row) => sum + (row.settled_nano_usd ?? 0n), 0n);
      expect([scope.reserved_nano_usd, scope.spent_nano_usd]).toEqual([reserved, spent]);
      expect(spent + reserved).toBeLessThanOrEqual(scope.cap_nano_usd);
    }
  }
});

function seeded(seed: number): () => number {
  let state = seed * 7_919;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
