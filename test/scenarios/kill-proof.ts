/** What must hold after any kill: one pull request, nothing left running, every dollar in the ledger, an intact audit chain. */
import { expect } from 'vitest';
import { verifyChain } from '../../src/audit/verify-chain.ts';
import { SHIPPED_PRICES } from '../../src/config/model-catalogue.ts';
import { priceTokens } from '../../src/ledger/price.ts';
import { readUsage } from '../../src/ledger/usage.ts';
import { processesOf } from '../fixtures/left-processes.ts';
import { ORGANISATION } from '../github-host/seed.ts';
import { type KillWorld, MODEL, REPOSITORY, until } from './kill-world.ts';

const END_LIMIT_MS = 120_000;

/** Waits for the ends of these issues' tasks, shuts down, and proves all of it. */
export async function proveUnharmed(world: KillWorld, issues: readonly number[]): Promise<void> {
  for (const issue of issues) await taskEnd(world, issue);
  await until('every reservation is settled', END_LIMIT_MS, () => isSettled(world));
  await world.shutDown();
  expect(processesOf(world.home)).toEqual([]);
  proveGithub(world, issues);
  await proveLedger(world);
  await proveAudit(world, issues);
}

async function taskEnd({ db }: KillWorld, issue: number): Promise<void> {
  await until(`the task of issue ${issue} has ended and is tidied up`, END_LIMIT_MS, async () => {
    const row = await db
      .selectFrom('task')
      .select(['state', 'surface_due_at', 'wake_at'])
      .where('issue_number', '=', issue)
      .executeTakeFirst();
    return row?.state === 'ended' && row.surface_due_at === null && row.wake_at === null;
  });
  const tasks = await db
    .selectFrom('task')
    .select(['outcome', 'reason'])
    .where('issue_number', '=', issue)
    .execute();
  expect(tasks).toEqual([{ outcome: 'verified', reason: null }]);
}

async function isSettled({ db }: KillWorld): Promise<boolean> {
  const open = await db.selectFrom('ledger_row').select('id').where('state', '=', 'reserved').execute();
  return open.length === 0;
}

/** Once for each issue: branch, check run, open pull request, status comment. */
function proveGithub({ host }: KillWorld, issues: readonly number[]): void {
  const { store } = host.state;
  const repo = store.repos.findOneBy('full_name', `${ORGANISATION}/${REPOSITORY}`);
  const bot = store.users.findOneBy('login', `${host.app.slug}[bot]`);
  const pulls = store.pullRequests.findBy('repo_id', repo?.id ?? 0);
  const branches = store.refs
    .findBy('repo_id', repo?.id ?? 0)
    .filter(({ ref }) => ref.startsWith('refs/heads/glovebox/'));
  const runs = store.checkRuns.findBy('repo_id', repo?.id ?? 0);
  const comments = store.comments.all().filter((comment) => comment.user_id === bot?.id);
  expect(pulls.map(({ state, draft }) => ({ state, draft }))).toEqual(
    issues.map(() => ({ state: 'open', draft: false })),
  );
  expect(branches.map(({ sha }) => sha).sort()).toEqual(pulls.map((pull) => pull.head_sha).sort());
  expect(runs.map(({ name, conclusion }) => ({ name, conclusion }))).toEqual(
    issues.map(() => ({ name: 'Glovebox', conclusion: 'success' })),
  );
  expect(runs.map((run) => run.head_sha).sort()).toEqual(branches.map(({ sha }) => sha).sort());
  expect(comments.map((comment) => comment.issue_number).sort()).toEqual([...issues].sort());
  expect(host.violations).toEqual([]);
}

/** Every row is settled, scopes hold nothing, and nothing that the model answered is missing. */
async function proveLedger({ db, model }: KillWorld): Promise<void> {
  const rows = await db.selectFrom('ledger_row').selectAll().execute();
  const settled = rows.reduce((sum, row) => sum + (row.settled_nano_usd ?? 0n), 0n);
  const scopes = await db.selectFrom('ledger_scope').selectAll().where('id', 'like', 'task:%').execute();
  expect(rows.filter((row) => row.state === 'reserved' || row.settled_nano_usd === null)).toEqual([]);
  expect(scopes.map((scope) => scope.reserved_nano_usd)).toEqual(scopes.map(() => 0n));
  expect(scopes.reduce((sum, scope) => sum + scope.spent_nano_usd, 0n)).toBe(settled);
  expect(model.billed.length).toBeGreaterThan(0);
  expect(settled).toBeGreaterThanOrEqual(billedNanoUsd(model.billed));
}

function billedNanoUsd(billed: readonly unknown[]): bigint {
  const price = SHIPPED_PRICES[MODEL];
  if (!price) throw new Error(`${MODEL} has no price`);
  return billed.reduce<bigint>((sum, usage) => {
    const { lines } = readUsage(usage, { hourCache: false, priced: [] });
    return sum + priceTokens(lines, price).totalNanoUsd;
  }, 0n);
}

async function proveAudit({ db }: KillWorld, issues: readonly number[]): Promise<void> {
  const tasks = await db
    .selectFrom('task')
    .select('id')
    .where('issue_number', 'in', [...issues])
    .execute();
  for (const { id } of tasks) {
    expect(await verifyChain(db, id)).toMatchObject({ intact: true, brokenAt: null });
  }
}
