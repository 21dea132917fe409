/** A day's or month's cap without room for the smallest call refuses a task before a sandbox is started. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reserve } from '../../src/ledger/reserve.ts';
import { type Payer, scopesOf } from '../../src/ledger/scopes-of.ts';
import { settle } from '../../src/ledger/settle.ts';
import { spentCap } from '../../src/ledger/spent-cap.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { reservation, rowEnd } from '../builders/ledger.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const NEXT_DAY = NOON + 86_400_000;
const CAPS = {
  repository: { day: 1_000_000n, month: null },
  organisation: { day: null, month: null },
  teams: { web: { day: null, month: 5_000_000n } },
};
const payer = (change: Partial<Payer> = {}): Payer => ({
  taskId: '7k2m9q',
  repositoryId: 7,
  installationId: 9,
  team: null,
  taskBudgetNanoUsd: 10n ** 12n,
  ...change,
});

describe.each(storeKinds)('caps asked before a task starts, on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  const spend = async (rowId: string, who: Payer, amount: bigint, settled: bigint | null) => {
    const scopes = scopesOf(who, CAPS, NOON);
    await reserve(
      store,
      reservation({ rowId, scopes, inputNanoUsd: amount, askedTokens: 0, floorTokens: 0 }),
    );
    if (settled !== null) await settle(store.db, rowEnd(rowId, settled));
  };
  const ask = (who: Payer, nowMs = NOON, leastCallNanoUsd = 1_000n) =>
    spentCap(store.db, { payer: who, caps: CAPS, nowMs, leastCallNanoUsd });

  it('has nothing against a repository that spent nothing yet', async () => {
    expect(await ask(payer({ repositoryId: 1 }))).toBeNull();
  });

  it('names the cap whose rest cannot pay for the smallest call, and when it is free', async () => {
    const who = payer({ repositoryId: 2 });
    await spend('cap-2', who, 999_500n, 999_500n);
    expect(await ask(who)).toEqual({
      scopeId: 'repository:2:day:2026-11-21',
      spentNanoUsd: 999_500n,
      capNanoUsd: 1_000_000n,
      freeAt: Date.UTC(2026, 10, 22),
    });
    expect(await ask(who, NOON, 500n)).toBeNull();
    expect(await ask(who, NEXT_DAY)).toBeNull();
  });

  it('does not count what is only reserved: that may come back', async () => {
    const who = payer({ repositoryId: 3 });
    await spend('cap-3', who, 999_500n, null);
    expect(await ask(who)).toBeNull();
  });

  it('says the one that is spent longest where several are', async () => {
    const who = payer({ repositoryId: 4, team: 'web' });
    await spend('cap-4', who, 900_000n, 5_000_000n);
    expect(await ask(who)).toMatchObject({
      scopeId: 'team:web:month:2026-11',
      freeAt: Date.UTC(2026, 11, 1),
    });
  });
});
