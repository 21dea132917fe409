/** What must hold for a task whatever was killed under it: one of everything on GitHub, every dollar in the ledger, nothing left. */
import { expect } from 'vitest';
import { NAMESPACES } from '../../../demo/cluster/places.ts';
import { DEMO_MODEL } from '../../../demo/model/demo-model.ts';
import { steadily } from '../../../demo/steadily.ts';
import { verifyChain } from '../../../src/audit/verify-chain.ts';
import { SHIPPED_PRICES } from '../../../src/config/model-catalogue.ts';
import { priceTokens } from '../../../src/ledger/price.ts';
import { readUsage } from '../../../src/ledger/usage.ts';
import type { Task } from '../../../src/task/task.ts';
import { titleOf } from './issues.ts';
import type { KilledTask, KillWorld } from './kill-world.ts';

const END_LIMIT_MS = 240_000;
const GONE_LIMIT_MS = 60_000;

/** What a kill may leave in the record; the rest is the same for all. */
export interface Traces {
  /** Rounds whose work job was lost. */
  readonly lostRounds: number;
  /** How many verify jobs judged the sealed set. */
  readonly verifyJobs: number;
  /** How the round that was judged ended its work. */
  readonly workEnd: string;
  /** Calls whose gateway died with them. */
  readonly lostCalls: number;
}

/** An undisturbed task's. */
export const NO_TRACES: Traces = { lostRounds: 0, verifyJobs: 1, workEnd: 'finished', lostCalls: 0 };

/** Waits for the task's end, and proves all of it. */
export async function proveUnharmed(world: KillWorld, of: KilledTask, traces: Traces): Promise<void> {
  const task = await world.ended(of.issue, END_LIMIT_MS);
  expect({ outcome: task.outcome, reason: task.reason }).toEqual({ outcome: 'verified', reason: null });
  await proveGithub(world, task);
  await proveRecord(world, task, traces);
  await proveLedger(world, of, { task, lostCalls: traces.lostCalls });
  expect(await steadily(() => verifyChain(world.line.db, task.id))).toMatchObject({
    intact: true,
    brokenAt: null,
  });
  await world.until(`nothing of ${of.name} is left in the cluster`, () => isGone(world, task), GONE_LIMIT_MS);
}

/** Once for the task: branch, signed commit, check run, open pull request, status comment. */
async function proveGithub({ line }: KillWorld, task: Task): Promise<void> {
  const view = await line.view();
  const pulls = view.pulls.filter(({ headRef }) => headRef.endsWith(`-${task.id}`));
  expect(pulls).toMatchObject([
    { number: task.pullNumber, headSha: task.commitSha, state: 'open', draft: false },
  ]);
  const branches = view.branches.filter(({ ref }) => ref.endsWith(`-${task.id}`));
  expect(branches.map(({ sha }) => sha)).toEqual([task.commitSha]);
  const runs = view.checkRuns.filter(({ headSha }) => headSha === task.commitSha);
  expect(runs).toMatchObject([{ name: 'Glovebox', conclusion: 'success' }]);
  expect(view.commits.find(({ sha }) => sha === task.commitSha)).toMatchObject({
    verified: true,
    parents: [task.pin?.baseSha],
  });
  const comments = view.comments.filter(({ byApp, issue }) => byApp && issue === task.issueNumber);
  expect(comments).toHaveLength(1);
  expect(view.violations).toEqual([]);
}

async function proveRecord({ line }: KillWorld, { id }: Task, traces: Traces): Promise<void> {
  const { rounds, jobs } = await steadily(async () => ({
    rounds: await line.db
      .selectFrom('round')
      .selectAll()
      .where('task_id', '=', id)
      .orderBy('number')
      .execute(),
    jobs: await line.db.selectFrom('job').selectAll().where('task_id', '=', id).execute(),
  }));
  const last = rounds.at(-1);
  expect({
    lostRounds: rounds.filter(({ lost }) => lost).length,
    verifyJobs: jobs.filter(({ kind, round }) => kind === 'verify' && round === last?.number).length,
    workEnd: last?.work_end,
  }).toEqual({ lostRounds: traces.lostRounds, verifyJobs: traces.verifyJobs, workEnd: traces.workEnd });
  expect(rounds).toHaveLength(traces.lostRounds + 1);
  // what was done before the loss was not done again
  for (const [index, round] of rounds.entries())
    expect(round.resume_digest).toBe(rounds[index - 1]?.last_upload_digest ?? null);
}

/** No reservation is open, and no answer of the model is missing; what was metered to its end is what was billed. */
async function proveLedger(
  { line }: KillWorld,
  { name }: KilledTask,
  { task, lostCalls }: { readonly task: Task; readonly lostCalls: number },
): Promise<void> {
  const rows = await steadily(() =>
    line.db.selectFrom('ledger_row').selectAll().where('task_id', '=', task.id).execute(),
  );
  const billed = await billedTo(line, name);
  const settled = rows.reduce((sum, row) => sum + (row.settled_nano_usd ?? 0n), 0n);
  expect(rows.filter((row) => row.state === 'reserved' || row.settled_nano_usd === null)).toEqual([]);
  expect(rows.filter(({ flags }) => flags.includes('gateway-lost'))).toHaveLength(lostCalls);
  expect(billed.length).toBeGreaterThan(0);
  const total = billed.reduce((sum, one) => sum + one, 0n);
  expect(settled).toBeGreaterThanOrEqual(total);
  if (rows.every(({ state }) => state === 'exact')) expect(settled).toBe(total);
  const scope = await steadily(() =>
    line.db
      .selectFrom('ledger_scope')
      .selectAll()
      .where('id', '=', `task:${task.id}`)
      .executeTakeFirstOrThrow(),
  );
  expect({ reserved: scope.reserved_nano_usd, spent: scope.spent_nano_usd }).toEqual({
    reserved: 0n,
    spent: settled,
  });
}

/** What the model's side counted for the case, in nano-dollars an answer. */
async function billedTo({ control }: KillWorld['line'], name: string): Promise<readonly bigint[]> {
  const price = SHIPPED_PRICES[DEMO_MODEL];
  if (!price) throw new Error(`${DEMO_MODEL} has no price`);
  const requests = await control.modelRequests();
  const { billed } = await control.view();
  return billed
    .filter((_, index) => JSON.stringify(requests[index]).includes(titleOf(name)))
    .map((usage) => {
      const { lines } = readUsage(usage, { hourCache: false, priced: [] });
      return priceTokens(lines, price).totalNanoUsd;
    });
}

async function isGone({ kubectl }: KillWorld, { id }: Task): Promise<boolean> {
  const args = ['-n', NAMESPACES.sandbox, 'get', 'jobs,pods', '-l', `glovebox.dev/task=${id}`, '-o', 'name'];
  return (await kubectl.run(args)).trim() === '';
}
