import { afterAll, beforeAll, expect, it } from 'vitest';
import { ledgerCommand } from '../../src/cmd/ledger.ts';
import { reserve } from '../../src/ledger/reserve.ts';
import { scopesOf } from '../../src/ledger/scopes-of.ts';
import { settle } from '../../src/ledger/settle.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { reservation, rowEnd } from '../builders/ledger.ts';
import { insertTask } from '../builders/task-row.ts';
import { openTestStore } from '../fixtures/test-store.ts';

let store: OpenStore;
const now = Date.parse('2026-11-21T23:59:59Z');
const clock = { now: () => now, sleep: async () => {} };

beforeAll(async () => {
  store = await openTestStore('pglite');
  await insertTask(store.db, { id: '7k2m9q', installation_id: 9n, repository_id: 7n, state: 'working' });
  const payer = {
    taskId: '7k2m9q',
    repositoryId: 7,
    installationId: 9,
    team: 'web',
    taskBudgetNanoUsd: 2_000_000_000n,
  };
  const none = { day: null, month: null };
  const caps = { repository: { day: 20_000_000_000n, month: null }, organisation: none, teams: {} };
  const scopes = scopesOf(payer, caps, now);
  const input = { taskId: '7k2m9q', scopes, outputNanoUsdPerToken: 5_000n };
  await reserve(store, reservation({ ...input, rowId: 'one', requestId: 'req_1' }));
  await settle(store.db, rowEnd('one', 309_900_000n));
  await reserve(store, reservation({ ...input, rowId: 'two', requestId: 'req_2' }));
});
afterAll(() => store.close());

async function run(args: { json?: boolean; calls?: boolean }): Promise<string> {
  const lines: string[] = [];
  await ledgerCommand({ db: store.db, clock, io: { out: (text) => void lines.push(text) } }, args);
  return lines.join('');
}

it('prints each scope with six decimals, its cap with two, and names repositories as people do', async () => {
  const text = await run({});
  expect(text.split('\n')[0]).toBe('Scope                              Spent $   Reserved $      Cap $');
  expect(text).toContain('task 7k2m9q                       0.309900     0.010000       2.00\n');
  expect(text).toContain('repository octo-org/clock, day    0.309900     0.010000      20.00\n');
  expect(text).toContain('team web, month                   0.309900     0.010000       none\n');
});

it('prints each call with its state and our request id', async () => {
  const text = await run({ calls: true });
  expect(text).toMatch(/7k2m9q {2}claude-haiku-4-5 {2}exact {5}0\.309900 {2}req_1\n/);
  expect(text).toMatch(/7k2m9q {2}claude-haiku-4-5 {2}reserved {2}0\.010000 {2}req_2\n/);
});

it('prints JSON with nano-dollars as text', async () => {
  const report = JSON.parse(await run({ json: true, calls: true }));
  expect(report.scopes).toContainEqual({
    id: 'task:7k2m9q',
    name: 'task 7k2m9q',
    spentNanoUsd: '309900000',
    reservedNanoUsd: '10000000',
    capNanoUsd: '2000000000',
  });
  expect(report.calls).toHaveLength(2);
});
