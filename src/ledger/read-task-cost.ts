/** Adds a task's rows up for the check run's Cost section and `task show`: settled rows only, whatever the agent says. */
import type { NanoUsd } from '../shared/money.ts';
import type { Db } from '../task/open-database.ts';
import { NO_CAP, periodScopeId } from './scopes-of.ts';
import type { CostLine, TaskCost } from './task-cost.ts';
import { UsageRecord } from './usage-record.ts';

/** Whose cost: all attempts, or one. `repositoryId` and `nowMs` choose the repository's line for today. */
export interface TaskCostQuery {
  readonly taskId: string;
  readonly attempt?: number | undefined;
  readonly repositoryId: number;
  readonly nowMs: number;
}

const KINDS = ['input', 'cacheWrite5m', 'cacheWrite1h', 'cacheRead', 'output'] as const;
type Kind = (typeof KINDS)[number];

/** Reads a task's cost. */
export async function readTaskCost(db: Db, query: TaskCostQuery): Promise<TaskCost> {
  const rows = await readRows(db, query);
  const settled = rows.filter((row) => row.state === 'exact' || row.state === 'bounded');
  const usages = settled.flatMap((row) => (row.usage === null ? [] : [UsageRecord.parse(row.usage)]));
  return {
    calls: settled.length,
    models: [...new Set(settled.map((row) => row.model))],
    ...costLines(usages),
    spentNanoUsd: sum(settled.map((row) => row.settled_nano_usd ?? 0n)),
    reservedNanoUsd: sum(rows.filter((row) => row.state === 'reserved').map((row) => row.reserved_nano_usd)),
    withoutCacheNanoUsd: sum(usages.map((usage) => usage.withoutCacheNanoUsd)),
    boundedRows: settled.filter((row) => row.state === 'bounded').length,
    byRound: byRound(settled),
    repositoryToday: await readRepositoryToday(db, query),
  };
}

function readRows(db: Db, query: TaskCostQuery) {
  const rows = db
    .selectFrom('ledger_row')
    .select(['model', 'state', 'reserved_nano_usd', 'settled_nano_usd', 'usage', 'round'])
    .where('task_id', '=', query.taskId)
    .where('state', '<>', 'released')
    .orderBy('created_at');
  return (query.attempt === undefined ? rows : rows.where('attempt', '=', query.attempt)).execute();
}

function costLines(usages: readonly UsageRecord[]): Record<Kind, CostLine> {
  const line = (kind: Kind): CostLine => ({
    tokens: usages.reduce((total, usage) => total + usage.tokens[kind], 0),
    nanoUsd: sum(usages.map((usage) => usage.nanoUsd[kind])),
  });
  return {
    input: line('input'),
    cacheWrite5m: line('cacheWrite5m'),
    cacheWrite1h: line('cacheWrite1h'),
    cacheRead: line('cacheRead'),
    output: line('output'),
  };
}

function byRound(rows: readonly { round: number | null; settled_nano_usd: NanoUsd | null }[]) {
  const rounds: Record<number, NanoUsd> = {};
  for (const row of rows) {
    const round = row.round ?? 1;
    rounds[round] = (rounds[round] ?? 0n) + (row.settled_nano_usd ?? 0n);
  }
  return rounds;
}

async function readRepositoryToday(db: Db, query: TaskCostQuery): Promise<TaskCost['repositoryToday']> {
  const scope = await db
    .selectFrom('ledger_scope')
    .select(['spent_nano_usd', 'cap_nano_usd'])
    .where('id', '=', periodScopeId(`repository:${query.repositoryId}`, 'day', query.nowMs))
    .executeTakeFirst();
  const cap = scope?.cap_nano_usd ?? null;
  return { spentNanoUsd: scope?.spent_nano_usd ?? 0n, capNanoUsd: cap === NO_CAP ? null : cap };
}

function sum(amounts: readonly NanoUsd[]): NanoUsd {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
