import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTaskCost } from '../../src/ledger/read-task-cost.ts';
import { recoverLost } from '../../src/ledger/recover.ts';
import { reserve } from '../../src/ledger/reserve.ts';
import { NO_CAP, scopesOf } from '../../src/ledger/scopes-of.ts';
import { release, settle } from '../../src/ledger/settle.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { reservation, rowEnd } from '../builders/ledger.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('the ledger on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  const scopeState = async (id: string) =>
    store.db.selectFrom('ledger_scope').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

  it('holds a worst case in every scope and gives back what was not used', async () => {
    const scopes = [
      { id: 'a:1', capNanoUsd: 10_000n },
      { id: 'b:1', capNanoUsd: NO_CAP },
    ];
    const answer = await reserve(store, reservation({ rowId: 'r1', scopes, inputNanoUsd: 1_000n }));
    expect(answer).toEqual({ kind: 'reserved', maxTokens: 2_000, reservedNanoUsd: 3_000n });
    expect(await scopeState('a:1')).toMatchObject({ reserved_nano_usd: 3_000n, spent_nano_usd: 0n });
    expect(await settle(store.db, rowEnd('r1', 1_234n))).toBe(true);
    for (const id of ['a:1', 'b:1']) {
      expect(await scopeState(id)).toMatchObject({ reserved_nano_usd: 0n, spent_nano_usd: 1_234n });
    }
  });

  it('settles a row once', async () => {
    const scopes = [{ id: 'once', capNanoUsd: 10_000n }];
    await reserve(store, reservation({ rowId: 'r2', scopes }));
    expect(await settle(store.db, rowEnd('r2', 10n))).toBe(true);
    expect(await settle(store.db, rowEnd('r2', 10n))).toBe(false);
    expect(await scopeState('once')).toMatchObject({ reserved_nano_usd: 0n, spent_nano_usd: 10n });
  });

  it('releases a call that was never sent', async () => {
    const scopes = [{ id: 'never', capNanoUsd: 10_000n }];
    await reserve(store, reservation({ rowId: 'r3', scopes }));
    await release(store.db, 'r3');
    expect(await scopeState('never')).toMatchObject({ reserved_nano_usd: 0n, spent_nano_usd: 0n });
  });

  it('clamps the output to what the tightest scope affords', async () => {
    const scopes = [
      { id: 'loose', capNanoUsd: NO_CAP },
      { id: 'tight', capNanoUsd: 1_500n },
    ];
    const answer = await reserve(store, reservation({ rowId: 'r4', scopes, inputNanoUsd: 100n }));
    expect(answer).toEqual({ kind: 'reserved', maxTokens: 1_400, reservedNanoUsd: 1_500n });
  });

  it('says busy while only a live reservation stands in the way, and spent once it was settled', async () => {
    const scopes = [{ id: 'queue', capNanoUsd: 2_000n }];
    await reserve(store, reservation({ rowId: 'r5', scopes }));
    const second = reservation({ rowId: 'r6', scopes });
    expect(await reserve(store, second)).toMatchObject({ kind: 'busy', scope: { id: 'queue' } });
    await settle(store.db, rowEnd('r5', 1_900n));
    expect(await reserve(store, second)).toMatchObject({ kind: 'spent', scope: { id: 'queue' } });
  });

  it('binds with the cap of the moment, not with that of the scope row', async () => {
    const raised = (cap: bigint) => [{ id: 'raised', capNanoUsd: cap }];
    expect(await reserve(store, reservation({ rowId: 'r7', scopes: raised(100n) }))).toMatchObject({
      kind: 'spent',
    });
    expect(await reserve(store, reservation({ rowId: 'r7', scopes: raised(5_000n) }))).toMatchObject({
      kind: 'reserved',
    });
    expect(await scopeState('raised')).toMatchObject({ cap_nano_usd: 5_000n });
  });

  it('writes nothing when the check in its transaction throws', async () => {
    const scopes = [{ id: 'closed', capNanoUsd: 5_000n }];
    const inTransaction = async () => {
      throw new Error('closed');
    };
    const request = reservation({ rowId: 'r8', scopes });
    await expect(reserve({ db: store.db, inTransaction }, request)).rejects.toThrow('closed');
    const rows = await store.db.selectFrom('ledger_row').select('id').where('id', '=', 'r8').execute();
    expect(rows).toEqual([]);
  });

  it('refuses the next call of a task whose answer named a price that we lack', async () => {
    const scopes = [{ id: 'flagged', capNanoUsd: 50_000n }];
    await reserve(store, reservation({ rowId: 'r9', taskId: 'flaggd', scopes }));
    await settle(store.db, { ...rowEnd('r9', 2_000n), state: 'bounded', flags: ['unpriced', 'speed:fast'] });
    const next = await reserve(store, reservation({ rowId: 'r10', taskId: 'flaggd', scopes }));
    expect(next).toEqual({ kind: 'unpriced', flags: ['unpriced', 'speed:fast'] });
  });

  it("settles a crashed gateway's call at its whole reservation, never under", async () => {
    const scopes = [{ id: 'crash', capNanoUsd: 50_000n }];
    await reserve(store, reservation({ rowId: 'r11', scopes, leaseMs: -1 }));
    await reserve(store, reservation({ rowId: 'r12', scopes, leaseMs: 60_000 }));
    expect(await recoverLost(store.db)).toBe(1);
    const row = await store.db
      .selectFrom('ledger_row')
      .selectAll()
      .where('id', '=', 'r11')
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ state: 'bounded', settled_nano_usd: row.reserved_nano_usd });
    expect(await scopeState('crash')).toMatchObject({ spent_nano_usd: 2_000n, reserved_nano_usd: 2_000n });
  });

  /** A call is sent and its gateway dies, again and again; `tidy` ends each row. How many were sent under a cap for one? */
  async function sentUnderCap(scope: string, tidy: (rowId: string) => Promise<unknown>): Promise<number> {
    const scopes = [{ id: scope, capNanoUsd: 2_000n }];
    for (let sent = 0; sent < 5; sent += 1) {
      const rowId = `${scope}-${sent}`;
      const answer = await reserve(store, reservation({ rowId, scopes, leaseMs: -1 }));
      if (answer.kind !== 'reserved') return sent;
      await tidy(rowId);
    }
    return 5;
  }

  it('lets no second call be sent with the money of one whose gateway died', async () => {
    expect(await sentUnderCap('died', () => recoverLost(store.db))).toBe(1);
  });

  it('counter-test: where a lease that ran out gives the money back, any number is sent under that cap', async () => {
    expect(await sentUnderCap('back', (rowId) => release(store.db, rowId))).toBe(5);
  });

  it('adds up a task from its settled rows, by kind and by round', async () => {
    const payer = {
      taskId: 'cccccc',
      repositoryId: 7,
      installationId: 9,
      team: null,
      taskBudgetNanoUsd: NO_CAP,
    };
    const caps = {
      repository: { day: 1_000_000n, month: null },
      organisation: { day: null, month: null },
      teams: {},
    };
    const nowMs = Date.parse('2026-11-21T12:00:00Z');
    const scopes = scopesOf(payer, caps, nowMs);
    for (const round of [1, 2]) {
      await reserve(store, reservation({ rowId: `c${round}`, taskId: 'cccccc', scopes, round }));
      await settle(store.db, rowEnd(`c${round}`, 100n * BigInt(round)));
    }
    await reserve(store, reservation({ rowId: 'c3', taskId: 'cccccc', scopes, round: 2 }));
    const cost = await readTaskCost(store.db, { taskId: 'cccccc', repositoryId: 7, nowMs });
    expect(cost).toMatchObject({
      calls: 2,
      spentNanoUsd: 300n,
      reservedNanoUsd: 2_000n,
      byRound: { 1: 100n, 2: 200n },
      output: { tokens: 20, nanoUsd: 20n },
      boundedRows: 0,
      repositoryToday: { spentNanoUsd: 300n, capNanoUsd: 1_000_000n },
    });
  });
});
