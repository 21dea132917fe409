/** Who pays for a caller's calls, from the task's record: its repository, installation, team and pinned budget. */
import { AttemptConfig } from '../../config/attempt-config.ts';
import type { Payer } from '../../ledger/scopes-of.ts';
import type { Clock } from '../../shared/clock.ts';
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../../task/open-database.ts';
import type { Caller } from '../identity.ts';

const CACHE_MS = 1_000;
const MAX_CACHED = 1_000;
const Pinned = AttemptConfig.pick({ team: true, taskBudgetNanoUsd: true });

/** Builds the reader; answers are kept for a second. Error `payer-unknown` for a task without a pin. */
export function payerReader(deps: {
  readonly db: Db;
  readonly clock: Clock;
}): (caller: Caller) => Promise<Payer> {
  const kept = new Map<string, { readonly payer: Payer; readonly until: number }>();
  return async (caller) => {
    const known = kept.get(caller.taskId);
    if (known !== undefined && known.until > deps.clock.now()) return known.payer;
    const payer = await readPayer(deps.db, caller.taskId);
    if (kept.size >= MAX_CACHED) kept.clear();
    kept.set(caller.taskId, { payer, until: deps.clock.now() + CACHE_MS });
    return payer;
  };
}

async function readPayer(db: Db, taskId: string): Promise<Payer> {
  const row = await db
    .selectFrom('task')
    .select(['repository_id', 'installation_id', 'pin'])
    .where('id', '=', taskId)
    .executeTakeFirst();
  const pin = row?.pin;
  const config = pin !== null && typeof pin === 'object' && 'config' in pin ? pin.config : null;
  const parsed = Pinned.loose().safeParse(config);
  if (row === undefined || !parsed.success) {
    throw new GloveboxError({
      code: 'payer-unknown',
      message: `Task '${taskId}' has no pinned configuration: nobody pays for its calls.`,
    });
  }
  return {
    taskId,
    repositoryId: Number(row.repository_id),
    installationId: Number(row.installation_id),
    team: parsed.data.team,
    taskBudgetNanoUsd: BigInt(parsed.data.taskBudgetNanoUsd),
  };
}
